/** One backup from its first call to its last, as a requester makes it that does what the reference asks of it. */

import type { WriterStatus } from '../../lib/coordinator/operation-writers.ts'
import { VSS_BACKUP_TYPE } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { includeEverything } from '../helpers/fakes/world.ts'
import type { Phase, Plan } from './plan.ts'

/** What was seen on the way, for the rules. */
export interface Life {
  /** How far it came; `prepareForBackup` if it ended before DoSnapshotSet. */
  reached: Phase
  /** What the member that ended it threw; undefined if it came to its end. */
  error: unknown
  /** DoSnapshotSet gave a set. */
  created: boolean
  /** At the moment DoSnapshotSet settled. */
  atSettling: { frozen: string[]; heldVolumes: string[]; flaggedSets: number } | undefined
  /** After DoSnapshotSet, or after the member that failed. */
  statuses: readonly WriterStatus[]
  /** What each writer had heard by then. */
  heard: ReadonlyMap<string, readonly string[]>
  /** Entries of the trace before DoSnapshotSet. */
  traceStart: number
  closeError: unknown
}

export async function live(plan: Plan): Promise<Life> {
  const { world } = plan
  const life: Life = {
    reached: 'prepareForBackup',
    error: undefined,
    created: false,
    atSettling: undefined,
    statuses: [],
    heard: new Map(),
    traceStart: world.trace.length,
    closeError: undefined,
  }
  const backup = new BackupComponents(world.coordinator)
  try {
    await prepare(plan, backup)
    life.reached = 'doSnapshotSet'
    life.traceStart = world.trace.length
    await makeSet(plan, backup, life)
    life.created = true
    life.reached = 'backupComplete'
    await during(plan, backup, 'backupComplete', (signal) => backup.backupComplete({ signal }))
  } catch (thrown) {
    life.error = thrown ?? new Error('something threw undefined')
  }
  await world.clock.run(end(plan, backup, life))
  return life
}

async function prepare(plan: Plan, backup: BackupComponents): Promise<void> {
  const { world, context, selectComponents } = plan
  backup.initializeForBackup()
  backup.setContext(context)
  backup.setBackupState(selectComponents, false, VSS_BACKUP_TYPE.VSS_BT_FULL, false)
  await world.clock.run(backup.gatherWriterMetadata())
  if (selectComponents) includeEverything(backup)
  backup.startSnapshotSet()
  for (const { volumeName } of world.host.volumes) {
    // A volume that cannot take part is left out; the set stays open for the others.
    await world.clock.run(backup.addToSnapshotSet(volumeName)).catch(refused)
  }
  await during(plan, backup, 'prepareForBackup', (signal) => backup.prepareForBackup({ signal }))
}

function refused(thrown: unknown): void {
  if (!(thrown instanceof VssError)) throw thrown
}

async function makeSet(plan: Plan, backup: BackupComponents, life: Life): Promise<void> {
  const { world } = plan
  try {
    await during(plan, backup, 'doSnapshotSet', (signal) => backup.doSnapshotSet({ signal }))
  } finally {
    life.atSettling = {
      frozen: plan.writers.filter(({ frozen, link }) => frozen && !link.isCut).map(({ link }) => link.name),
      heldVolumes: world.kernelSupport.heldVolumes,
      flaggedSets: world.host.flagged.size,
    }
    life.heard = new Map(plan.writers.map(({ link, events }) => [link.name, [...events]]))
    await world.clock.run(status(backup, life))
  }
}

async function status(backup: BackupComponents, life: Life): Promise<void> {
  try {
    await backup.gatherWriterStatus()
    life.statuses = Array.from({ length: backup.getWriterStatusCount() }, (_, index) =>
      backup.getWriterStatus(index),
    )
  } catch (thrown) {
    // After abortBackup and close there is no status to be had.
    refused(thrown)
  }
}

/** A member, and the requester that gives up while it runs, if it is this one. */
async function during(
  { world, givesUp }: Plan,
  backup: BackupComponents,
  phase: Phase,
  member: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const controller = new AbortController()
  let giving: Promise<unknown> | undefined
  const running = member(controller.signal)
  running.catch(() => undefined)
  const timer =
    givesUp?.phase === phase
      ? world.clock.setTimer(() => {
          if (givesUp.how === 'signal') controller.abort()
          else
            giving = (givesUp.how === 'close' ? backup.close() : backup.abortBackup()).catch(() => undefined)
        }, givesUp.afterMillis)
      : undefined
  try {
    await world.clock.run(running)
  } finally {
    timer?.clear()
    await world.clock.run(giving ?? Promise.resolve())
  }
}

/** What has to follow: AbortBackup where a backup stops half-way, and the release. */
async function end({ givesUp }: Plan, backup: BackupComponents, life: Life): Promise<void> {
  const crashes = givesUp?.how === 'close' && life.error !== undefined
  if (life.error !== undefined && !crashes) await backup.abortBackup().catch(refused)
  await backup.close().catch((thrown: unknown) => {
    life.closeError = thrown
  })
}
