/**
 * What must have happened on a BackupComponents object beside its state (order.ts), and arguments that no
 * later party should have to look at.
 */
import { canCreate, hasWriters } from '../coordinator/context.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { type RequesterMember, type RequesterState, withoutWriters } from './order.ts'

export function requireWriters(member: RequesterMember, context: number): void {
  if (!hasWriters(context)) throw withoutWriters(member)
}

/** The context is settled by the first call. */
export function requireFirstContext(wasSet: boolean): void {
  if (!wasSet) return
  throw new VssError('VSS_E_BAD_STATE', 'setContext was called twice', {
    remedy: 'The context is settled by the first call; make a new object for another one.',
  })
}

export function requireCreation(context: number): void {
  if (canCreate(context)) return
  throw new VssError('VSS_E_UNSUPPORTED_CONTEXT', 'VSS_CTX_ALL is for administration and cannot make sets')
}

/** What prepareForBackup builds on. */
export function requirePreparation(gathered: boolean, backupStateWasSet: boolean): void {
  if (!gathered) {
    const remedy = 'Call gatherWriterMetadata before startSnapshotSet.'
    throw calledWithout('prepareForBackup', 'the metadata of the writers', remedy)
  }
  if (!backupStateWasSet) {
    throw calledWithout('prepareForBackup', 'a backup state', 'Call setBackupState first.')
  }
}

/** What doSnapshotSet builds on: a set, and in a context with writers that they were told. */
export function requirePreparedSet(setId: Guid | undefined, state: RequesterState, context: number): void {
  const started = setId !== undefined
  if (started && (state === 'prepared' || !hasWriters(context))) return
  const missing = started ? 'prepareForBackup' : 'startSnapshotSet'
  throw calledWithout('doSnapshotSet', missing, `Call ${missing} first.`)
}

/** @throws VssError `VSS_E_BAD_STATE` where gatherWriterStatus was not called */
export function requireStatus<T>(status: T | undefined, member: RequesterMember): T {
  if (status !== undefined) return status
  throw calledWithout(member, 'a gathered status', 'Call gatherWriterStatus first.')
}

function calledWithout(member: RequesterMember, what: string, remedy: string): VssError {
  return new VssError('VSS_E_BAD_STATE', `${member} was called without ${what}`, { remedy })
}

/** @throws VssError `E_INVALIDARG` naming the argument */
export function requireText(text: unknown, name: string): void {
  if (typeof text === 'string' && text !== '') return
  throw new VssError('E_INVALIDARG', `${name} must be a text that is not empty, not ${describeValue(text)}`, {
    culprit: name,
  })
}

export function requireCoordinator(coordinator: Coordinator | null | undefined): Coordinator {
  if (typeof coordinator?.openSession === 'function') return coordinator
  throw new VssError(
    'E_INVALIDARG',
    `a BackupComponents is made for a Coordinator, not for ${describeValue(coordinator)}`,
    { culprit: 'coordinator', remedy: 'Pass the coordinator of your service.' },
  )
}
