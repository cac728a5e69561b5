/**
 * What must have happened on a BackupComponents object beside its state (order.ts), and arguments that no
 * later party should have to look at.
 */
import { canCreate, hasWriters } from '../coordinator/context.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { BackupComponentsDocument } from '../document/backup-components.ts'
import type { TransportableSet } from '../document/transportable-set.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { GatheredMetadata } from './included-components.ts'
import type { RequesterMember, RequesterState } from './order.ts'

/** A member that makes no sense without writers. */
export function requireWriters(member: RequesterMember, context: number): void {
  if (hasWriters(context)) return
  throw new VssError('VSS_E_BAD_STATE', `${member} was called in a context without writers`, {
    remedy: 'Leave it out, or choose a context with writers.',
  })
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

/** @throws VssError `VSS_E_BAD_STATE` where the documents of the writers are not there, or not any more */
export function requireMetadata(
  known: { gathered: readonly GatheredMetadata[] | undefined; running: unknown },
  member: RequesterMember,
): readonly GatheredMetadata[] {
  if (known.gathered !== undefined) return known.gathered
  // In a context without writers nobody need be asked.
  if (known.running === undefined) return []
  throw calledWithout(member, 'the metadata of the writers', 'Call it before freeWriterMetadata.')
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

/** @throws VssError `E_INVALIDARG` naming the argument */
export function requireOptionalText(text: unknown, name: string): string | null {
  if (text === null || typeof text === 'string') return text
  throw new VssError('E_INVALIDARG', `${name} must be a text or null, not ${describeValue(text)}`, {
    culprit: name,
  })
}

/** @throws VssError `E_INVALIDARG` for what is no mask of 32 bits */
export function requireMask(mask: unknown, name: string): void {
  if (Number.isInteger(mask) && (mask as number) >= 0 && (mask as number) < 2 ** 32) return
  throw new VssError('E_INVALIDARG', `${name} must be a mask of 32 bits, not ${describeValue(mask)}`, {
    culprit: name,
  })
}

/** What importSnapshots builds on. */
export function requireImport(loaded: {
  wasLoaded: boolean
  wasImported: boolean
  document: BackupComponentsDocument
}): TransportableSet {
  if (!loaded.wasLoaded) {
    const remedy = 'Pass the document of a transportable set to initializeForBackup.'
    throw calledWithout('importSnapshots', 'a document', remedy)
  }
  if (loaded.wasImported) {
    throw new VssError('VSS_E_BAD_STATE', 'importSnapshots was called twice', {
      remedy: 'A set is imported once.',
    })
  }
  const set = loaded.document.transportableSet
  if (set !== null) return set
  throw new VssError('VSS_E_NONTRANSPORTABLE_BCD', 'the document describes no shadow copies to be imported')
}

/** @throws VssError `E_INVALIDARG` for a value that the enumeration does not have */
export function checkEnumValue(
  enumeration: Readonly<Record<string, number>>,
  value: unknown,
  name: string,
): void {
  if (typeof value === 'number' && Object.values(enumeration).includes(value)) return
  throw new VssError('E_INVALIDARG', `${name} cannot be ${describeValue(value)}`, { culprit: name })
}

export function requireCoordinator(coordinator: Coordinator | null | undefined): Coordinator {
  if (typeof coordinator?.openSession === 'function') return coordinator
  throw new VssError(
    'E_INVALIDARG',
    `a BackupComponents is made for a Coordinator, not for ${describeValue(coordinator)}`,
    { culprit: 'coordinator', remedy: 'Pass the coordinator of your service.' },
  )
}
