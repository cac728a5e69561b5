/**
 * What the reference says must come of a run: the code of DoSnapshotSet after a single failure (2.7), and where a
 * writer stands (2.6). Where several failures meet, or where it depends on who is quicker, nothing is said, and only
 * the rules that hold always are checked.
 */
import { VSS_WRITER_STATE as STATE } from '../../lib/enums.ts'
import { type VssCode, VssError } from '../../lib/errors.ts'
import { PROVIDER_CODES } from '../../lib/provider/interfaces.ts'
import type { WriterStanding } from '../../lib/writer/events.ts'
import type { Life } from './life.ts'
import type { Injection, Plan } from './plan.ts'
import type { SimWriter } from './sim-writer.ts'

const HOLD_MILLIS = 10_000

/** The code of DoSnapshotSet, `S_OK` for a set; undefined where the reference leaves it to circumstances. */
export function expectedCode(plan: Plan, life: Life): VssCode | undefined {
  if (plan.givesUp !== undefined || life.atSettling === undefined) return undefined
  const [injection, ...others] = plan.injections
  if (injection === undefined) return 'S_OK'
  if (others.length > 0 || injection.failure === 'late' || injection.failure === 'block') return undefined
  const [party, step] = injection.step.split('.') as [string, string]
  if (party.startsWith('w')) return writerCode(plan, party, step, injection)
  if (party.startsWith('p')) return providerCode(plan, party, step, injection)
  return injection.step === 'kernel.hold' &&
    injection.failure === 'hang' &&
    plan.world.host.volumes.length > 0
    ? unlessWindowIsShorter(plan, 'VSS_E_FLUSH_WRITES_TIMEOUT')
    : undefined
}

/** Freeze and Thaw end a set, except by a veto that returns true; nothing else of a writer does. */
function writerCode(plan: Plan, party: string, step: string, { failure }: Injection): VssCode {
  const heard = plan.writers.find(({ link }) => link.name === party)
  const decides = /^(on)?(Freeze|Thaw)$/.test(step) && heard?.events.includes('onPrepareSnapshot')
  return decides && failure !== 'veto' ? 'VSS_E_UNEXPECTED_WRITER_ERROR' : 'S_OK'
}

const DECIDES = [
  'endPrepareSnapshots',
  'preCommitSnapshots',
  'commitSnapshots',
  'postCommitSnapshots',
  'getTargetLuns',
  'preFinalCommitSnapshots',
  'postFinalCommitSnapshots',
]
const INSIDE_FREEZE = ['preCommitSnapshots', 'commitSnapshots', 'postCommitSnapshots']

function providerCode(plan: Plan, party: string, step: string, injection: Injection): VssCode | undefined {
  const provider = plan.providers.find(({ link }) => link.name === party)?.provider
  if (provider === undefined || !DECIDES.includes(step)) {
    return ['areLunsSupported', 'beginPrepareSnapshot', 'abortSnapshots', 'onLunEmpty'].includes(step)
      ? 'S_OK'
      : undefined
  }
  if (provider.sets.size === 0) return 'S_OK'
  if (injection.failure !== 'hang') return codeOfAnswer(injection)
  if (step === 'commitSnapshots') return unlessWindowIsShorter(plan, 'VSS_E_HOLD_WRITES_TIMEOUT')
  const isFrozen = INSIDE_FREEZE.includes(step) && plan.writers.some(({ link }) => !link.isDead)
  return isFrozen ? 'VSS_E_UNEXPECTED_WRITER_ERROR' : 'VSS_E_UNEXPECTED_PROVIDER_ERROR'
}

/** The codes a provider may use are passed on; everything else it does is unexpected. */
function codeOfAnswer({ fault }: Injection): VssCode {
  const error = fault?.kind === 'throw' ? fault.error : undefined
  return error instanceof VssError && PROVIDER_CODES.has(error.code)
    ? error.code
    : 'VSS_E_UNEXPECTED_PROVIDER_ERROR'
}

/** A hold that lasts to its end outlives the windows of some writers, and then it is their failure. */
function unlessWindowIsShorter({ writers }: Plan, code: VssCode): VssCode {
  return writers.some(({ identity }) => identity.freezeTimeoutMillis <= HOLD_MILLIS)
    ? 'VSS_E_UNEXPECTED_WRITER_ERROR'
    : code
}

const FAILED_AT: readonly (readonly [handler: string, state: STATE])[] = [
  ['onPrepareBackup', STATE.VSS_WS_FAILED_AT_PREPARE_BACKUP],
  ['onPrepareSnapshot', STATE.VSS_WS_FAILED_AT_PREPARE_SNAPSHOT],
  ['onFreeze', STATE.VSS_WS_FAILED_AT_FREEZE],
  ['onThaw', STATE.VSS_WS_FAILED_AT_THAW],
  ['onPostSnapshot', STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT],
]
const AFTER: readonly (readonly [handler: string, state: STATE])[] = [
  ['onAbort', STATE.VSS_WS_STABLE],
  ['onPostSnapshot', STATE.VSS_WS_WAITING_FOR_BACKUP_COMPLETE],
  ['onThaw', STATE.VSS_WS_WAITING_FOR_POST_SNAPSHOT],
  ['onFreeze', STATE.VSS_WS_WAITING_FOR_THAW],
  ['onPrepareSnapshot', STATE.VSS_WS_WAITING_FOR_FREEZE],
]

/** Where a writer stands after DoSnapshotSet; undefined if somebody was slow or its line was cut. */
export function expectedStanding(
  { injections, givesUp }: Plan,
  writer: SimWriter,
  heard: readonly string[],
): WriterStanding | undefined {
  const slow = injections.some(({ failure }) => ['late', 'hang', 'block'].includes(failure))
  if (slow || givesUp !== undefined || writer.link.fault !== undefined) return undefined
  for (const [handler, state] of FAILED_AT) {
    const injection = injections.find(({ step }) => step === `${writer.link.name}.${handler}`)
    if (injection === undefined || !heard.includes(handler)) continue
    const failure =
      injection.failure === 'veto' ? 'VSS_E_WRITERERROR_RETRYABLE' : 'VSS_E_WRITERERROR_NONRETRYABLE'
    return { state, failure }
  }
  const last = AFTER.find(([handler]) => heard.includes(handler))
  return { state: last?.[1] ?? STATE.VSS_WS_STABLE, failure: 'S_OK' }
}
