/**
 * What a writer may subscribe to: VSS_SUBSCRIBE_MASK, and the events each of its bits stands for.
 */
import type { AsyncOptions } from '../cancellation.ts'
import { VSS_SUBSCRIBE_MASK } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import type { WriterEventType } from './events.ts'

export interface SubscribeOptions extends AsyncOptions {
  /**
   * Mask of VSS_SUBSCRIBE_MASK. Events that are not in it run no handler and count as success; Identify always
   * comes. VSS advises against any but the default.
   *
   * @defaultValue `VSS_SM_BACKUP_EVENTS_FLAG | VSS_SM_RESTORE_EVENTS_FLAG`
   */
  mask?: number
}

const { VSS_SM_POST_SNAPSHOT_FLAG, VSS_SM_BACKUP_EVENTS_FLAG, VSS_SM_RESTORE_EVENTS_FLAG, VSS_SM_ALL_FLAGS } =
  VSS_SUBSCRIBE_MASK

/** @throws VssError `E_INVALIDARG` for what is no mask of 32 bits, or has none of the bits */
export function maskOf(options: SubscribeOptions | undefined): number {
  const mask = options?.mask
  const whole = mask ?? VSS_SM_BACKUP_EVENTS_FLAG | VSS_SM_RESTORE_EVENTS_FLAG
  if (Number.isInteger(whole) && whole > 0 && whole <= VSS_SM_ALL_FLAGS) return whole
  throw new VssError('E_INVALIDARG', `mask ${describeValue(mask)} is no mask of VSS_SUBSCRIBE_MASK`, {
    culprit: 'mask',
  })
}

/** Whether an event runs its handler under this mask. */
export function wants(mask: number, event: WriterEventType): boolean {
  switch (event) {
    case 'Identify':
    case 'Status':
    case 'RestoreOver':
      return true
    case 'PreRestore':
    case 'PostRestore':
      return (mask & VSS_SM_RESTORE_EVENTS_FLAG) !== 0
    case 'PostSnapshot':
      return (mask & (VSS_SM_BACKUP_EVENTS_FLAG | VSS_SM_POST_SNAPSHOT_FLAG)) !== 0
    default:
      return (mask & VSS_SM_BACKUP_EVENTS_FLAG) !== 0
  }
}
