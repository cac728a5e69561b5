/** What holds after every run, whatever struck. */
import { VSS_SNAPSHOT_CONTEXT, VSS_WRITER_STATE } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import type { Life } from './life.ts'
import { expectedCode, expectedStanding } from './oracle.ts'
import type { Plan } from './plan.ts'
import type { SimWriter } from './sim-writer.ts'

type Expect = (holds: boolean, what: string) => void

/** The rules that were broken, each in one line. */
export function violations(plan: Plan, life: Life): string[] {
  const found: string[] = []
  const expect: Expect = (holds, what) => {
    if (!holds) found.push(what)
  }
  checkOutcome(plan, life, expect)
  checkWorld(plan, life, expect)
  for (const writer of plan.writers) if (!writer.link.isDead) checkWriter(plan, life, writer, expect)
  checkStatuses(plan, life, expect)
  checkProviders(plan, life, expect)
  checkOrder(plan, life, expect)
  return found
}

function checkOutcome(plan: Plan, life: Life, expect: Expect): void {
  const { error, created, closeError } = life
  expect(error === undefined || error instanceof VssError, `the error is no VssError: ${String(error)}`)
  const code = expectedCode(plan, life)
  const ended = created ? 'S_OK' : error instanceof VssError ? error.code : String(error)
  if (code !== undefined) expect(ended === code, `DoSnapshotSet ended with ${ended}, not with ${code}`)
  const mayFail = plan.injections.some(({ step }) =>
    /onLunEmpty|fillInLunInfo|storeSnapshotSet|host\./.test(step),
  )
  const cut = plan.providers.some(({ link }) => link.isCut)
  expect(closeError === undefined || mayFail || cut, `the release failed: ${String(closeError)}`)
}

function checkWorld({ world }: Plan, { atSettling, created }: Life, expect: Expect): void {
  if (atSettling !== undefined) {
    const { frozen, heldVolumes, flaggedSets } = atSettling
    expect(frozen.length === 0, `${frozen.join()} still frozen when DoSnapshotSet ended`)
    expect(heldVolumes.length === 0, 'a hold was open when DoSnapshotSet ended')
    expect(flaggedSets === 0, 'flags were left on originals when DoSnapshotSet ended')
  }
  expect(world.kernelSupport.heldVolumes.length === 0, 'a hold is open')
  expect(world.host.flagged.size === 0, 'flags are left on originals')
  expect(!world.coordinator.isSetInProgress, 'the reservation is not free')
  if (!created) {
    const shown = world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL)
    expect(shown.length === 0, 'Query shows a copy of a set that failed')
  }
  const hold = [...world.kernelSupport.holds.values()].at(-1)
  if (created && hold !== undefined) {
    expect(hold.verdict?.heldThroughout === true, 'a set came about whose hold did not last')
  }
}

function checkWriter({ injections }: Plan, { created }: Life, writer: SimWriter, expect: Expect): void {
  const { events, closingCalls, link } = writer
  const { name } = link
  expect(!writer.frozen, `${name} is frozen`)
  if (!injections.some(({ failure }) => failure === 'block')) {
    const overMillis = writer.longestFreezeMillis - writer.identity.freezeTimeoutMillis
    expect(overMillis <= 1, `${name} was frozen ${overMillis} ms longer than its window`)
  }
  const shutdowns = events.filter((event) => event === 'onBackupShutdown').length
  const tookPart = events.includes('onPrepareBackup')
  if (!link.isCut) {
    expect(shutdowns === (tookPart ? 1 : 0), `${name} heard BackupShutdown ${shutdowns} times`)
  }
  const prepares = events.filter((event) => event === 'onPrepareBackup').length
  expect(prepares <= 1, `${name} was prepared ${prepares} times`)
  if (!events.includes('onFreeze')) return
  const thaws = closingCalls.filter((call) => call === 'onThaw').length
  const aborts = closingCalls.length - thaws
  expect(closingCalls.length > 0, `${name} has no closing call`)
  expect(thaws <= 1 && (thaws === 0 || aborts === 0), `${name} has closing calls ${closingCalls.join()}`)
  expect(aborts <= 2, `${name} was aborted ${aborts} times`)
  expect(!created || aborts === 0 || link.isCut, `${name} was aborted in a set that came about`)
  const afterAbort = aborts > 0 ? events.slice(events.indexOf('onAbort')) : []
  expect(!afterAbort.includes('onPostSnapshot'), `${name} got PostSnapshot after Abort`)
}

/** State and failure are those of the reference, and never contradict one another. */
function checkStatuses(plan: Plan, { statuses, heard }: Life, expect: Expect): void {
  for (const { writerName, state, failure } of statuses) {
    const writer = plan.writers.find(({ link }) => link.name === writerName)
    if (writer === undefined) continue
    const failed = state >= VSS_WRITER_STATE.VSS_WS_FAILED_AT_IDENTIFY
    expect(!failed || failure !== 'S_OK', `${writerName} is in state ${state} without a failure`)
    const expected = expectedStanding(plan, writer, heard.get(writerName) ?? [])
    if (expected === undefined) continue
    const stands = `${writerName} stands at ${state} with ${failure}`
    expect(
      state === expected.state && failure === expected.failure,
      `${stands}, not at ${expected.state} with ${expected.failure}`,
    )
  }
}

/** All have made their copies, or none has; and each was told how it ended. */
function checkProviders({ world, providers, injections }: Plan, { created }: Life, expect: Expect): void {
  for (const { provider, link } of providers) {
    if (link.isCut) continue
    const state = [...provider.sets.values()].at(-1)?.state
    if (state === undefined) continue
    const good = created ? ['created'] : ['aborted', 'preparing']
    expect(
      good.includes(state),
      `${link.name} is ${state} while the set ${created ? 'came about' : 'failed'}`,
    )
    const prepared = provider.calls.includes('endPrepareSnapshots')
    const aborted = provider.calls.includes('abortSnapshots')
    if (created) expect(!aborted, `${link.name} was told to abort a set that came about`)
    else expect(aborted === prepared, `${link.name} was ${aborted ? '' : 'not '}told of the abort`)
  }
  if (created || providers.some(({ link }) => link.isCut)) return
  const deletionFailed = injections.some(({ step }) => /onLunEmpty|removeVolumes/.test(step))
  const originals = new Set(world.host.volumes.flatMap(({ luns }) => luns.map(({ lunId }) => lunId)))
  const left = [...world.fabric.luns.values()].filter(({ id }) => !originals.has(`lun-${id}`))
  expect(left.length === 0 || deletionFailed, 'a copy of a set that failed is left')
}

/** The order of reference 2.4 in the trace of all parties. */
function checkOrder({ world, writers }: Plan, { traceStart, created }: Life, expect: Expect): void {
  const trace = world.trace.slice(traceStart)
  const at = (entry: string): number => trace.indexOf(entry)
  const hold = at('kernel.hold')
  const release = at('kernel.release')
  for (const writer of writers) {
    const freeze = at(`${writer.link.name}.onFreeze`)
    const thaw = at(`${writer.link.name}.onThaw`)
    if (hold >= 0 && freeze >= 0) expect(freeze < hold, `${writer.link.name} was frozen after the hold began`)
    if (hold >= 0 && thaw >= 0)
      expect(release >= 0 && release < thaw, `${writer.link.name} was thawed before the release`)
    for (const later of writers) {
      const other = at(`${later.link.name}.onFreeze`)
      const isLater = later.identity.applicationLevel < writer.identity.applicationLevel
      if (isLater && freeze >= 0 && other >= 0) {
        expect(
          freeze < other,
          `${later.link.name} was frozen before ${writer.link.name}, which is in front of it`,
        )
      }
    }
  }
  if (created && hold >= 0) expect(release > hold, 'the hold was not released')
}
