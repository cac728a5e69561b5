/**
 * What one run does, drawn from its seed: the parties, the failures and where they strike, and when the requester gives
 * up. Half of the runs have one failure, so that its consequences can be told exactly; the others have several.
 */
import { VSS_APPLICATION_LEVEL, VSS_PROVIDER_TYPE, VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import type { FakeProvider } from '../helpers/fakes/fake-provider.ts'
import type { Fault } from '../helpers/fakes/faults.ts'
import { type Between, World } from '../helpers/fakes/world.ts'
import { Random } from '../helpers/random.ts'
import { Link, type LinkFault } from './links.ts'
import { SimWriter } from './sim-writer.ts'

const PROVIDER_STEPS = [
  'areLunsSupported',
  'beginPrepareSnapshot',
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
/** Handlers and the events that call them. */
const WRITER_STEPS = {
  onIdentify: 'Identify',
  onPrepareBackup: 'PrepareForBackup',
  onPrepareSnapshot: 'PrepareForSnapshot',
  onFreeze: 'Freeze',
  onThaw: 'Thaw',
  onPostSnapshot: 'PostSnapshot',
  onBackupComplete: 'BackupComplete',
  onBackupShutdown: 'BackupShutdown',
  onAbort: 'Abort',
} as const
const OTHER_STEPS = [
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
export const DELAYS = [1, 900, 1_100, 9_999, 10_000, 10_001, 30_000, 59_999, 60_000, 61_000, 700_000] as const

export type GivingUp = 'signal' | 'abortBackup' | 'close'
/** The member under way, or about to begin, when the requester gives up. */
export const PHASES = ['prepareForBackup', 'doSnapshotSet', 'backupComplete'] as const
export type Phase = (typeof PHASES)[number]

/** One failure: where, and what. `step` is a point of the fakes, `w0.Freeze` on a line, or a handler that vetoes. */
export interface Injection {
  step: string
  failure: 'throw' | 'veto' | 'refuse' | 'hang' | 'late' | 'block' | LinkFault
  fault?: Fault
}

export interface Plan {
  seed: number
  world: World
  writers: SimWriter[]
  providers: { provider: FakeProvider; link: Link }[]
  injections: Injection[]
  context: number
  selectComponents: boolean
  givesUp: { how: GivingUp; phase: Phase; afterMillis: number } | undefined
}

/** `between` is what stands between the parties of the world, given the links to them. */
export async function planOf(
  seed: number,
  between: (linkOf: (name: string) => Link) => Between,
): Promise<Plan> {
  const random = new Random(seed)
  const links = new Map<string, Link>()
  const linkOf = (name: string): Link => {
    const link = links.get(name) ?? new Link(name)
    links.set(name, link)
    return link
  }
  const world = new World(between(linkOf))
  if (random.chance(0.5)) {
    // As on Node: time has fractions, and a timer may fire up to a millisecond early.
    world.clock.countsWholeMillis = true
    world.clock.block(random.below(1000) / 1000)
  }
  const plan: Plan = {
    seed,
    world,
    writers: [],
    providers: [],
    injections: [],
    context: random.pick([
      VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP,
      VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP,
      VSS_SNAPSHOT_CONTEXT.VSS_CTX_APP_ROLLBACK,
    ]),
    selectComponents: random.chance(0.5),
    givesUp: undefined,
  }
  addVolumes(plan, random)
  await addProviders(plan, random, linkOf)
  await addWriters(plan, random, linkOf)
  injectFailures(plan, random)
  return plan
}

function addVolumes({ world }: Plan, random: Random): void {
  const count = random.below(5)
  for (let index = 0; index < count; index++) {
    const onLunOf = random.chance(0.2) ? world.host.volumes[0] : undefined
    world.host.addVolume(onLunOf === undefined ? {} : { onLunOf })
  }
}

async function addProviders(plan: Plan, random: Random, linkOf: (name: string) => Link): Promise<void> {
  const count = 1 + random.below(2)
  for (let index = 0; index < count; index++) {
    const link = linkOf(`p${index}`)
    const provider = await plan.world.addProvider(link.name, {
      type: random.pick([VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE, VSS_PROVIDER_TYPE.VSS_PROV_SOFTWARE]),
      needsQuiescedWrites: random.chance(0.5),
    })
    // Whichever of two is asked first, every LUN has exactly one taker.
    if (count === 2) provider.supports = (lun): boolean => Number(lun.serialNumber) % 2 === index
    plan.providers.push({ provider, link })
  }
}

async function addWriters(plan: Plan, random: Random, linkOf: (name: string) => Link): Promise<void> {
  const count = random.below(5)
  for (let index = 0; index < count; index++) {
    const level = random.pick(LEVELS)
    const writer = new SimWriter(plan.world, linkOf(`w${index}`), level, random.pick([1_000, 20_000, 60_000]))
    await plan.world.addWriter(writer)
    plan.writers.push(writer)
  }
}

function injectFailures(plan: Plan, random: Random): void {
  const count = random.chance(0.5) ? 1 : random.below(4)
  for (let index = 0; index < count; index++) inject(plan, random)
  if (random.chance(count === 1 ? 0.1 : 0.3)) {
    plan.givesUp = {
      how: random.pick(['signal', 'abortBackup', 'close']),
      phase: random.pick([...PHASES, 'doSnapshotSet', 'doSnapshotSet']),
      afterMillis: random.pick([0, 0, 1, 5_000, ...DELAYS]),
    }
  }
}

function inject(plan: Plan, random: Random): void {
  const { world, writers, providers, injections } = plan
  const where = random.next()
  const writer = writers[random.below(writers.length || 1)]
  const party = providers[random.below(providers.length)]
  if (where < 0.45 && writer !== undefined) {
    const handlers = Object.entries(WRITER_STEPS)
    // Twice as often where it is delicate.
    const delicate = handlers.filter(([handler]) => /Freeze|Thaw|Abort/.test(handler))
    const [handler, event] = random.pick(random.chance(0.5) ? asTuple(delicate) : asTuple(handlers))
    const kind = random.next()
    if (kind < 0.3) {
      const failure = random.pick(['cut', 'cutAfter', 'crash'] as const)
      writer.link.fault = { at: event, kind: failure }
      injections.push({ step: `${writer.link.name}.${event}`, failure })
    } else if (kind < 0.5 && handler !== 'onAbort' && handler !== 'onIdentify') {
      const failure = random.pick(['veto', 'refuse'] as const)
      writer.answers.set(handler, () => {
        if (failure === 'veto') writer.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE')
        return failure === 'veto'
      })
      injections.push({ step: `${writer.link.name}.${handler}`, failure })
    } else {
      injectAt(world, injections, `${writer.link.name}.${handler}`, random)
    }
  } else if (where < 0.8 && party !== undefined) {
    const method = random.pick(PROVIDER_STEPS)
    if (random.chance(0.2)) {
      const failure = random.pick(['cut', 'cutAfter', 'crash'] as const)
      party.link.fault = { at: method, kind: failure }
      injections.push({ step: `${party.link.name}.${method}`, failure })
    } else {
      injectAt(world, injections, `${party.link.name}.${method}`, random)
    }
  } else {
    injectAt(world, injections, random.pick(OTHER_STEPS), random)
  }
}

function asTuple<T>(items: readonly T[]): readonly [T, ...T[]] {
  return items as unknown as readonly [T, ...T[]]
}

function injectAt(world: World, injections: Injection[], step: string, random: Random): void {
  const { failure, fault } = randomFault(random)
  world.faults.set(step, fault)
  injections.push({ step, failure, fault })
}

function randomFault(random: Random): { failure: Injection['failure']; fault: Fault } {
  const kind = random.below(10)
  if (kind < 3) return { failure: 'late', fault: { kind: 'delay', millis: random.pick(DELAYS) } }
  if (kind < 4) return { failure: 'hang', fault: { kind: 'hang' } }
  if (kind < 5) return { failure: 'block', fault: { kind: 'block', millis: random.pick(DELAYS) } }
  const error = random.pick<unknown>([
    new VssError('VSS_E_PROVIDER_VETO', 'simulated veto'),
    new VssError('VSS_E_INSUFFICIENT_STORAGE', 'simulated'),
    new TypeError('simulated'),
    'a text',
    undefined,
    { code: 5 },
  ])
  return { failure: 'throw', fault: { kind: 'throw', error } }
}
