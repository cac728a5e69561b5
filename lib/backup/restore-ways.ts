/**
 * What restore method and restore target make of one component (reference 2.11). The target goes before the method,
 * except that it has no effect on those that wait for a reboot and that a custom method is the writer's alone (R142).
 */
import type { RestoreMethodInfo } from '../document/writer-metadata.ts'
import { VSS_RESTORE_TARGET, VSS_RESTOREMETHOD_ENUM } from '../enums.ts'
import { type VssCode, VssError } from '../errors.ts'
import type { BackupEntry } from './backup-entry.ts'
import { fullPathOf, type KnownComponent } from './component-sets.ts'
import type { Relocations } from './relocations.ts'
import { RestoreEntry } from './restore-entry.ts'
import type { ObstacleSearch } from './restore-obstacles.ts'

/**
 * - `original`, `alternate`, `directed`: write the entries now.
 * - `atReboot`: stage the entries, and have them put into place when the system starts.
 * - `custom`: nothing is done here; the writer's documentation says how, see `userProcedure` of the method.
 * - `impossible`: nothing is restored, for the reason in `error`.
 */
export type RestoreWay = 'original' | 'alternate' | 'directed' | 'atReboot' | 'custom' | 'impossible'

/** A service that is not to run meanwhile. */
export interface ServiceStop {
  readonly service: string
  /** `files`: stop it after PreRestore, start it before PostRestore. `after`: stop and start it after PostRestore. */
  readonly during: 'files' | 'after'
}

export interface RestoreDecision {
  readonly way: RestoreWay
  /** Why it is impossible, else `null`. */
  readonly error: VssError | null
  readonly entries: readonly RestoreEntry[]
  readonly serviceStop: ServiceStop | null
}

export interface RestoreQuestion {
  readonly component: KnownComponent
  readonly entries: readonly BackupEntry[]
  readonly method: RestoreMethodInfo | null
  readonly target: VSS_RESTORE_TARGET
  /** Known before anything is looked at. */
  readonly refused: VssError | null
  readonly relocations: Relocations
  readonly obstacles: ObstacleSearch
}

const {
  VSS_RME_RESTORE_IF_NOT_THERE,
  VSS_RME_RESTORE_IF_CAN_REPLACE,
  VSS_RME_STOP_RESTORE_START,
  VSS_RME_RESTORE_TO_ALTERNATE_LOCATION,
  VSS_RME_RESTORE_AT_REBOOT,
  VSS_RME_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE,
  VSS_RME_CUSTOM,
  VSS_RME_RESTORE_STOP_START,
  VSS_RME_UNDEFINED,
} = VSS_RESTOREMETHOD_ENUM

export async function decideRestore(question: RestoreQuestion): Promise<RestoreDecision> {
  const { method, target, refused, entries, obstacles } = question
  if (refused !== null) return impossible(refused)
  const kind = method?.method ?? VSS_RME_UNDEFINED
  if (kind === VSS_RME_CUSTOM) return { way: 'custom', error: null, entries: [], serviceStop: null }
  // Wherever the rest goes: these have a place, and a ranges file only serves to read its partial file.
  const open = entries.filter(
    (entry) => entry.kind !== 'ranges' && question.relocations.toNewTarget(entry) === undefined,
  )
  if (kind === VSS_RME_RESTORE_AT_REBOOT) return toOriginal(question, true)
  if (kind === VSS_RME_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE) {
    return toOriginal(question, (await obstacles.irreplaceable(open)) !== undefined)
  }
  switch (target) {
    case VSS_RESTORE_TARGET.VSS_RT_ORIGINAL_LOCATION:
      return toOriginal(question, false)
    case VSS_RESTORE_TARGET.VSS_RT_ALTERNATE:
      return toAlternate(question, open, 'the writer wants its files in an alternate location')
    case VSS_RESTORE_TARGET.VSS_RT_DIRECTED:
      return toDirected(question)
    case VSS_RESTORE_TARGET.VSS_RT_ORIGINAL:
      return byMethod(question, kind, open)
    default:
      return impossible(writerError(question, 'its restore target is undefined'))
  }
}

async function byMethod(
  question: RestoreQuestion,
  kind: VSS_RESTOREMETHOD_ENUM,
  open: readonly BackupEntry[],
): Promise<RestoreDecision> {
  const { obstacles } = question
  switch (kind) {
    case VSS_RME_RESTORE_IF_NOT_THERE: {
      const there = await obstacles.existing(open)
      if (there === undefined) return toOriginal(question, false)
      return toAlternate(question, open, `${there} exists`, 'VSS_E_OBJECT_ALREADY_EXISTS')
    }
    case VSS_RME_RESTORE_IF_CAN_REPLACE: {
      const blocked = await obstacles.irreplaceable(open)
      if (blocked === undefined) return toOriginal(question, false)
      return toAlternate(question, open, `${blocked} cannot be replaced`, 'E_ACCESSDENIED')
    }
    case VSS_RME_STOP_RESTORE_START:
    case VSS_RME_RESTORE_STOP_START:
      return toOriginal(question, false)
    case VSS_RME_RESTORE_TO_ALTERNATE_LOCATION:
      return toAlternate(question, open, 'its files are restored to an alternate location only')
    default:
      return impossible(writerError(question, 'it has no restore method'))
  }
}

function toOriginal(question: RestoreQuestion, atReboot: boolean): RestoreDecision {
  const { entries, relocations, method } = question
  return {
    way: atReboot ? 'atReboot' : 'original',
    error: null,
    entries: entries.map(
      (entry) =>
        relocations.toNewTarget(entry) ??
        new RestoreEntry(entry, entry.location, {
          reason: 'original',
          atReboot: atReboot && entry.kind !== 'ranges',
        }),
    ),
    serviceStop: serviceStopOf(method),
  }
}

/** All of the files, or none: a component in two places is of no use. */
function toAlternate(
  question: RestoreQuestion,
  open: readonly BackupEntry[],
  why: string,
  code: VssCode = 'VSS_E_UNEXPECTED_WRITER_ERROR',
): RestoreDecision {
  const { entries, relocations } = question
  const homeless = open.find((entry) => relocations.toMapping(entry) === undefined)
  if (homeless !== undefined) {
    const what = `${homeless.location.pathOf(homeless.filespec)} has no alternate location`
    return impossible(cannotRestore(question, code, `${why}, and ${what}`))
  }
  return {
    way: 'alternate',
    error: null,
    entries: entries.map(
      (entry) =>
        relocations.toNewTarget(entry) ??
        relocations.toMapping(entry) ??
        new RestoreEntry(entry, entry.location, { reason: 'original' }),
    ),
    serviceStop: null,
  }
}

function toDirected(question: RestoreQuestion): RestoreDecision {
  const { relocations, entries } = question
  if (!relocations.hasDirected) return impossible(writerError(question, 'it has no directed targets'))
  return { way: 'directed', error: null, entries: [...relocations.directed(entries)], serviceStop: null }
}

function serviceStopOf(method: RestoreMethodInfo | null): ServiceStop | null {
  if (method === null || method.service === null) return null
  if (method.method === VSS_RME_STOP_RESTORE_START) return { service: method.service, during: 'files' }
  return method.method === VSS_RME_RESTORE_STOP_START ? { service: method.service, during: 'after' } : null
}

function impossible(error: VssError): RestoreDecision {
  return { way: 'impossible', error, entries: [], serviceStop: null }
}

function writerError(question: RestoreQuestion, why: string): VssError {
  return cannotRestore(question, 'VSS_E_UNEXPECTED_WRITER_ERROR', why)
}

function cannotRestore({ component }: RestoreQuestion, code: VssCode, why: string): VssError {
  const what = `component '${fullPathOf(component)}' of writer '${component.writerName}' cannot be restored: ${why}`
  return new VssError(code, what, {
    culprit: component.writerName,
    remedy: 'Give its files a new target if the writer takes one, or make room where they were.',
  })
}
