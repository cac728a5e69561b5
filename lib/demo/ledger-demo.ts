/**
 * The main job on its embedded default: two LUNs under two loads, a whole backup, and its proof.
 */
import type { Lun } from '../array/lun.ts'
import type { StorageArray } from '../array/storage-array.ts'
import { sleep, systemClock } from '../clock.ts'
import { type HoldMessage, holdChannel } from '../diagnostics.ts'
import { VssError } from '../errors.ts'
import { readDiskLayout } from '../host/partition-table.ts'
import { type Guid, newGuid } from '../ids.ts'
import { BackupComponents } from '../requester/backup-components.ts'
import { type LocalService, openLocalService } from '../service/local-service.ts'
import { type BackupOutcome, filesOf, runBackup } from './backup.ts'
import { ImageFile } from './byte-source.ts'
import type { Check } from './check.ts'
import { partitionDisk } from './disk.ts'
import { LedgerWriter } from './ledger-writer.ts'
import { type LoadPlaces, LoadThread, type LoadVolume } from './load-thread.ts'
import { MetadataWitness } from './metadata-witness.ts'
import { DemoOutput } from './output.ts'
import { type DemoProgress, tellingOf } from './progress.ts'
import { proveBystander } from './prove-bystander.ts'
import { proveLedger } from './prove-ledger.ts'
import { proveLoadsWentOn, type WorkDone } from './prove-loads.ts'
import { proveSet } from './prove-set.ts'
import { type DemoReport, type LoadsReport, writeReport } from './report.ts'
import { makeWorkspace } from './workspace.ts'

export interface LedgerDemoOptions {
  /** The directory for what stays; made if need be. */
  out: string
  /** Plain files in it are replaced, whoever made them. */
  force?: boolean
  progress: DemoProgress
  signal: AbortSignal
}

interface LedgerBackup {
  outcome: BackupOutcome
  checks: Check[]
  loads: LoadsReport
}

const LUN_BYTES = 64 << 20
/** Both LUNs, and what the loads redirect after the set was made. */
const SPACE_BYTES: number = 4 * LUN_BYTES
/** Each load has done this much before the backup begins, and does as much after the instant. */
const WORK_COUNT = 50
const WORK_LIMIT_MILLIS = 30_000

/** Both are names for the host's mount table only; nothing is mounted. */
const DATA_PATH = '/ledger/data'
const LOG_PATH = '/ledger/log'

const IMAGE_NAMES = ['data', 'log'] as const

export async function runLedgerDemo(options: LedgerDemoOptions): Promise<DemoReport> {
  const { out: directory, force = false, signal } = options
  const names = filesOf(IMAGE_NAMES, 1)
  await using output = await DemoOutput.open({ directory, names, inputs: [], force })
  const { outcome, checks, loads } = await backUp(output, options)
  // Whoever interrupted the proof does not want its result.
  signal.throwIfAborted()
  return await writeReport(outcome, checks, loads, output)
}

/** Nothing of it but the files is left when this resolves. */
async function backUp(output: DemoOutput, { progress, signal }: LedgerDemoOptions): Promise<LedgerBackup> {
  progress.phase('Setting up')
  await using workspace = await makeWorkspace(SPACE_BYTES, makeLuns)
  await using service = await openLocalService({ arrayPath: workspace.arrayPath })
  const { data, log } = workspace.filled
  progress.note(`array ${workspace.arrayPath}, LUNs of ${LUN_BYTES >> 20} MiB for data and log`)
  const [dataVolume, logVolume] = [await volumeOn(service, data), await volumeOn(service, log)]
  service.host.mounts.set(DATA_PATH, dataVolume.name)
  service.host.mounts.set(LOG_PATH, logVolume.name)

  const places: LoadPlaces = {
    run: newGuid(),
    arrayPath: workspace.arrayPath,
    data: dataVolume,
    log: logVolume,
  }
  await using loads = await startLoads(places)
  await loads.work(signal)
  progress.note('ledger and bystander are running, each in its own thread')

  const writer = new LedgerWriter(loads.ledger, DATA_PATH, LOG_PATH)
  await writer.subscribe(service.coordinator)
  const witness = await MetadataWitness.watch([service.lun(data), service.lun(log)])
  const hold = watchHold(loads.bystander)
  try {
    await using backup = new BackupComponents(service.coordinator)
    const outcome = await runBackup(backup, service, {
      volumes: [
        { volumeName: dataVolume.name, imageName: IMAGE_NAMES[0] },
        { volumeName: logVolume.name, imageName: IMAGE_NAMES[1] },
      ],
      output,
      progress,
      signal,
    })

    progress.phase('Proving the copies')
    const ledgerFacts = {
      run: places.run,
      frozenAt: writer.frozenAt,
      acknowledgedBeforeFreeze: writer.acknowledgedAtFreeze,
    }
    const bystanderFacts = { run: places.run, ...hold.facts }
    const [dataPath = '', logPath = ''] = outcome.volumes.map(({ image }) => image.path)
    await using dataImage = await ImageFile.open(dataPath)
    await using logImage = await ImageFile.open(logPath)
    const ledger = await proveLedger(dataImage, logImage, ledgerFacts)
    const bystander = await proveBystander(dataImage, logImage, bystanderFacts)
    const after = await loads.workSince(writer.frozenAt, bystanderFacts.issuedBeforeRelease, signal)
    const checks: Check[] = [
      ...ledger.checks,
      ...bystander.checks,
      proveLoadsWentOn(after),
      ...(await proveSet(
        outcome,
        service,
        (guid) => `LUN ${guid}`,
        tellingOf(progress, signal, (what) => output.asPlaced(what)),
      )),
      ...(await witness.prove(outcome.snapshotSetId)),
    ]
    const report: LoadsReport = {
      transactionsAtInstant: ledger.transactionsAtInstant,
      transactionsAfter: after.transactions,
      ledger: ledgerFacts,
      bystander: {
        ...bystanderFacts,
        recordsAtInstant: bystander.recordsAtInstant,
        recordsAfter: after.records,
      },
    }
    return { outcome, checks, loads: report }
  } finally {
    hold.stop()
    witness.stop()
    await writer.unsubscribe()
  }
}

async function makeLuns(array: StorageArray): Promise<{ data: Guid; log: Guid }> {
  const make = async (name: string): Promise<Guid> => {
    const guid = await array.createLun(LUN_BYTES)
    await using lun: Lun = await array.openLun(guid)
    await partitionDisk(lun, name)
    return guid
  }
  return { data: await make('data'), log: await make('log') }
}

async function volumeOn(service: LocalService, guid: Guid): Promise<LoadVolume & { name: string }> {
  const volume = service.host.volumes().find(({ lunGuid }) => lunGuid === guid)
  const { partitions } = await readDiskLayout(service.lun(guid))
  if (volume === undefined || partitions.length !== 1) {
    throw new VssError('ERR_INTERNAL', `LUN ${guid} does not have its one partition`)
  }
  return { name: volume.name, lun: guid, offsetBytes: volume.offsetBytes }
}

interface Loads extends AsyncDisposable {
  ledger: LoadThread
  bystander: LoadThread
  /** Waits until both have done a fair amount in all. */
  work(signal: AbortSignal): Promise<void>
  /** Waits until both have done a fair amount more than this. */
  workSince(transaction: number, record: number, signal: AbortSignal): Promise<WorkDone>
}

async function startLoads(places: LoadPlaces): Promise<Loads> {
  const ledger = await LoadThread.start('ledger', places)
  let bystander: LoadThread
  try {
    bystander = await LoadThread.start('bystander', places)
  } catch (thrown) {
    await ledger.stop()
    throw thrown
  }
  const workSince = async (transaction: number, record: number, signal: AbortSignal): Promise<WorkDone> => {
    const done = (): WorkDone => ({
      transactions: ledger.progress.lastAcknowledged - transaction,
      records: bystander.progress.lastAcknowledged - record,
    })
    const endMillis = systemClock.nowMillis() + WORK_LIMIT_MILLIS
    while (
      Math.min(done().transactions, done().records) < WORK_COUNT &&
      systemClock.nowMillis() < endMillis
    ) {
      const failure = ledger.failure ?? bystander.failure
      if (failure !== undefined) throw failure
      await sleep(systemClock, 10, signal)
    }
    return done()
  }
  return {
    ledger,
    bystander,
    work: async (signal) => void (await workSince(0, 0, signal)),
    workSince,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([ledger.stop(), bystander.stop()])
    },
  }
}

/** Finds out how far the bystander was when the gates closed, and when they opened. */
function watchHold(bystander: LoadThread): {
  facts: { acknowledgedBeforeHold: number; issuedBeforeRelease: number }
  stop: () => void
} {
  const facts = { acknowledgedBeforeHold: 0, issuedBeforeRelease: 0 }
  const onEnd = (message: unknown): void => {
    const { heldAtMicros, releasedAtMicros } = message as HoldMessage
    // A hold that failed has no times, and a set that failed is not proved.
    if (heldAtMicros === undefined || releasedAtMicros === undefined) return
    facts.acknowledgedBeforeHold = bystander.progress.lastAcknowledgedBefore(heldAtMicros)
    facts.issuedBeforeRelease = bystander.progress.lastIssuedUntil(releasedAtMicros)
  }
  holdChannel.asyncEnd.subscribe(onEnd)
  return { facts, stop: () => holdChannel.asyncEnd.unsubscribe(onEnd) }
}
