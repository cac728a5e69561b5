/**
 * Whole backups under virtual time, with random parties and random faults at every point at which
 * one party waits for another. Whatever happens, some things hold afterwards; they are checked after
 * each run. A failure names its seed: `HOLDFAST_SIM_SEED=n` runs that one alone, and
 * `HOLDFAST_SIM_RUNS=n` runs more.
 */
import test from 'ava'
import { VSS_APPLICATION_LEVEL, VSS_PROVIDER_TYPE, VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import type { BackupComponents } from '../../lib/requester/backup-components.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import type { Fault } from '../helpers/fakes/faults.ts'
import { World } from '../helpers/fakes/world.ts'
import { Random } from '../helpers/random.ts'

const PROVIDER_POINTS = [
  'endPrepareSnapshots',
  'preCommitSnapshots',
  'commitSnapshots',
  'postCommitSnapshots',
  'getTargetLuns',
  'locateLuns',
  'fillInLunInfo',
  'preFinalCommitSnapshots',
  'postFinalCommitSnapshots',
  'storeSnapshotSet',
  'abortSnapshots',
  'onLunEmpty',
] as const
const WRITER_POINTS = ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot', 'onAbort'] as const
const OTHER_POINTS = [
  'kernel.hold',
  'kernel.release',
  'host.setPendingFlags',
  'host.clearPendingFlags',
  'host.rescan',
  'host.importVolumes',
  'host.setVolumesReadOnly',
  'host.removeVolumes',
] as const
const LEVELS = [
  VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
  VSS_APPLICATION_LEVEL.VSS_APP_BACK_END,
  VSS_APPLICATION_LEVEL.VSS_APP_SYSTEM,
] as const
/** Around the limits that matter: quick, a second, the hold, the window, the patience of an abort. */
const DELAYS = [1, 900, 1_100, 9_999, 10_000, 10_001, 30_000, 59_999, 60_000, 61_000, 700_000] as const

/** Measures how long it is frozen: from the call of onFreeze to the first closing call. */
class TimedWriter extends FakeWriter {
  readonly #clock: World['clock']
  #frozenAtMillis: number | undefined
  longestFreezeMillis = 0

  constructor(
    name: string,
    world: World,
    options: { level: VSS_APPLICATION_LEVEL; freezeTimeoutMillis: number },
  ) {
    super(name, world.faults, options)
    this.#clock = world.clock
  }

  override onFreeze(): Promise<boolean | undefined> {
    this.#frozenAtMillis = this.#clock.nowMillis()
    return super.onFreeze()
  }

  override onThaw(): Promise<boolean | undefined> {
    this.#close()
    return super.onThaw()
  }

  override onAbort(): Promise<boolean | undefined> {
    this.#close()
    return super.onAbort()
  }

  #close(): void {
    if (this.#frozenAtMillis === undefined) return
    const frozenMillis = this.#clock.nowMillis() - this.#frozenAtMillis
    this.longestFreezeMillis = Math.max(this.longestFreezeMillis, frozenMillis)
    this.#frozenAtMillis = undefined
  }
}

interface Plan {
  world: World
  /** Whether the event loop is blocked at some point, which no timer can help. */
  blocks: boolean
  lines: string[]
  /** When, in virtual time from DoSnapshotSet, the requester gives up; undefined if it does not. */
  abortAfterMillis: number | undefined
  how: 'signal' | 'abortBackup' | 'close'
}

function randomFault(random: Random): Fault {
  const kind = random.below(10)
  if (kind < 3) return { kind: 'delay', millis: random.pick(DELAYS) }
  if (kind < 4) return { kind: 'hang' }
  if (kind < 5) return { kind: 'block', millis: random.pick(DELAYS) }
  if (kind < 7) return { kind: 'throw', error: new VssError('VSS_E_PROVIDER_VETO', 'simulated veto') }
  if (kind < 8) return { kind: 'throw', error: new VssError('VSS_E_INSUFFICIENT_STORAGE', 'simulated') }
  return {
    kind: 'throw',
    error: random.pick<unknown>([new TypeError('simulated'), 'a text', undefined, { code: 5 }]),
  }
}

async function build(random: Random): Promise<Plan> {
  const world = new World()
  const lines: string[] = []
  if (random.chance(0.5)) {
    // As on Node: time has fractions, and a timer may fire up to a millisecond early.
    world.clock.countsWholeMillis = true
    world.clock.block(random.below(1000) / 1000)
    lines.push(`timers count whole milliseconds from ${world.clock.nowMillis()}`)
  }
  const volumeCount = random.below(5)
  for (let index = 0; index < volumeCount; index++) {
    const onLunOf = random.chance(0.2) ? world.host.volumes[0] : undefined
    world.host.addVolume(onLunOf === undefined ? {} : { onLunOf })
  }
  const points: string[] = [...OTHER_POINTS]
  const providerCount = 1 + random.below(2)
  for (let index = 0; index < providerCount; index++) {
    const type = random.pick([VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE, VSS_PROVIDER_TYPE.VSS_PROV_SOFTWARE])
    const provider = await world.addProvider(`p${index}`, { type, needsQuiescedWrites: random.chance(0.5) })
    // The first one asked may want only part of the LUNs; the last takes everything.
    if (index < providerCount - 1) provider.supports = (lun): boolean => Number(lun.serialNumber) % 2 === 0
    points.push(...PROVIDER_POINTS.map((point) => `p${index}.${point}`))
  }
  if (providerCount === 2 && world.providers[0] !== undefined && world.providers[1] !== undefined) {
    // Whichever of the two is asked first, every LUN has exactly one taker.
    world.providers[1].supports = (lun): boolean => Number(lun.serialNumber) % 2 !== 0
  }
  const writerCount = random.below(5)
  for (let index = 0; index < writerCount; index++) {
    const name = `w${index}`
    const writer = new TimedWriter(name, world, {
      level: random.pick(LEVELS),
      freezeTimeoutMillis: random.pick([1_000, 20_000, 60_000]),
    })
    for (const handler of WRITER_POINTS) {
      if (handler !== 'onAbort' && random.chance(0.08)) {
        const returned = random.chance(0.5)
        lines.push(`${name}.${handler} reports a failure and returns ${returned}`)
        writer.answers.set(handler, () => {
          writer.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE')
          return returned
        })
      }
      points.push(`${name}.${handler}`)
    }
    await world.addWriter(writer)
  }
  let blocks = false
  const faultCount = random.below(4)
  for (let index = 0; index < faultCount; index++) {
    const delicate = points.filter((name) => /commitSnapshots|onFreeze|kernel.hold/.test(name))
    const candidates = random.chance(0.4) ? delicate : points
    const point = candidates[random.below(candidates.length)] ?? 'kernel.hold'
    const fault = randomFault(random)
    blocks ||= fault.kind === 'block'
    lines.push(`${point}: ${JSON.stringify(fault)}`)
    world.faults.set(point, fault)
  }
  const abortAfterMillis = random.chance(0.25) ? random.pick([0, 1, 5_000, ...DELAYS]) : undefined
  const how = random.pick<Plan['how']>(['signal', 'abortBackup', 'close'])
  if (abortAfterMillis !== undefined) lines.push(`${how} after ${abortAfterMillis} ms`)
  return { world, blocks, lines, abortAfterMillis, how }
}

/** Runs one backup and gives the error DoSnapshotSet ended with. */
async function runOnce(
  plan: Plan,
  random: Random,
): Promise<{ error: unknown; frozen: string[]; backup: BackupComponents }> {
  const { world, abortAfterMillis, how } = plan
  const backup = await world.prepared({
    context: random.pick([
      VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP,
      VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP,
      VSS_SNAPSHOT_CONTEXT.VSS_CTX_APP_ROLLBACK,
    ]),
    selectComponents: random.chance(0.5),
  })
  const controller = new AbortController()
  let error: unknown
  const making = backup.doSnapshotSet({ signal: controller.signal }).catch((thrown: unknown) => {
    error = thrown
  })
  let giving: Promise<void> | undefined
  if (abortAfterMillis !== undefined) {
    world.clock.setTimer(() => {
      if (how === 'signal') controller.abort()
      else giving = (how === 'close' ? backup.close() : backup.abortBackup()).catch(() => undefined)
    }, abortAfterMillis)
  }
  await world.clock.run(making)
  await world.clock.run(giving ?? Promise.resolve())
  const frozen = world.writers.filter((writer) => writer.frozen).map(({ identity }) => identity.writerName)
  // Whoever is late comes now, and must find that the set is over.
  await world.clock.advance(2 * Math.max(...DELAYS))
  return { error, frozen, backup }
}

function violations({ world, blocks }: Plan, error: unknown): string[] {
  const found: string[] = []
  const expect = (holds: boolean, what: string): void => {
    if (!holds) found.push(what)
  }
  const failed = error !== undefined
  expect(!failed || error instanceof VssError, `the error is no VssError: ${String(error)}`)
  expect(world.kernelSupport.heldVolumes.length === 0, 'a hold is open')
  expect(world.host.flagged.size === 0, 'flags are left on originals')
  expect(!world.coordinator.isSetInProgress, 'the reservation is not free')
  for (const writer of world.writers) {
    const name = writer.identity.writerName
    const { events, closingCalls } = writer
    expect(!writer.frozen, `${name} is frozen`)
    if (writer instanceof TimedWriter && !blocks) {
      const overMillis = writer.longestFreezeMillis - writer.identity.freezeTimeoutMillis
      expect(overMillis <= 1, `${name} was frozen ${overMillis} ms longer than its window`)
    }
    if (!events.includes('onFreeze')) continue
    const thaws = closingCalls.filter((call) => call === 'onThaw').length
    const aborts = closingCalls.length - thaws
    expect(closingCalls.length > 0, `${name} has no closing call`)
    expect(thaws <= 1 && (thaws === 0 || aborts === 0), `${name} has closing calls ${closingCalls.join()}`)
    expect(aborts <= 2, `${name} was aborted ${aborts} times`)
    const afterAbort = aborts > 0 ? events.slice(events.indexOf('onAbort')) : []
    expect(!afterAbort.includes('onPostSnapshot'), `${name} got PostSnapshot after Abort`)
  }
  const finished = world.providers.flatMap((provider) => [...provider.sets.values()].slice(-1))
  if (failed) {
    for (const { state } of finished)
      expect(state === 'aborted' || state === 'preparing', `a provider is ${state}`)
    expect(
      finished.every(({ targets }) => targets.length === 0),
      'a copy is left',
    )
    expect(
      world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL).length === 0,
      'Query shows a copy',
    )
  } else {
    for (const { state } of finished) expect(state === 'created', `a provider is ${state}`)
    const hold = [...world.kernelSupport.holds.values()].at(-1)
    expect(hold?.verdict?.heldThroughout === true, 'a set came about whose hold did not last')
  }
  return found
}

const runs = Number(process.env['HOLDFAST_SIM_RUNS'] ?? 300)
const onlySeed = process.env['HOLDFAST_SIM_SEED']

test(`in ${runs} random backups with faults nobody stays frozen, nothing stays held, and all commit or all abort`, async (t) => {
  t.timeout(300_000)
  const outcomes = new Map<string, number>()
  const first = onlySeed === undefined ? 1 : Number(onlySeed)
  for (let seed = first; seed < first + (onlySeed === undefined ? runs : 1); seed++) {
    const random = new Random(seed)
    const plan = await build(random)
    let found: string[]
    let outcome = 'created'
    try {
      const { error, frozen, backup } = await runOnce(plan, random)
      if (error instanceof VssError) outcome = error.code
      found = violations(plan, error)
      if (frozen.length > 0) found.push(`${frozen.join()} still frozen when DoSnapshotSet ended`)
      plan.world.faults.clear()
      await plan.world.clock.run(backup.close().catch(() => undefined))
      for (const writer of plan.world.writers) writer.answers.clear()
      await plan.world.completeBackup()
    } catch (thrown) {
      found = [`the run itself failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`]
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (found.length > 0) {
      t.fail([`seed ${seed}:`, ...found, 'faults:', ...plan.lines].join('\n  '))
      return
    }
  }
  t.log([...outcomes].map(([code, count]) => `${code} ${count}`).join(', '))
  if (onlySeed === undefined && runs >= 300) {
    t.true((outcomes.get('created') ?? 0) > 50, 'enough sets come about')
    t.true(outcomes.size >= 6, 'failures of many kinds are met')
  }
})
