import test from 'ava'
import { rejectsWith } from '../host/machine.ts'
import {
  assertNothingLeft,
  newArrayPath,
  openFaultyService,
  type ProviderFaults,
  prepared,
  withWriter,
} from './local-machine.ts'

const holdLimitMillis = 10_000

function blockEventLoop(millis: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)
}

test.serial(
  'R96, R97: an event loop blocked for 15 s in CommitSnapshots holds writes for 10 s and costs the set',
  async (t) => {
    t.timeout(60_000)
    const faults: ProviderFaults = new Map()
    await using service = await openFaultyService(await newArrayPath(t), faults)
    const scene = await withWriter(service)
    faults.set('before commitSnapshots', () => {
      faults.clear()
      blockEventLoop(15_000)
    })
    const { backup } = await prepared(scene, scene.names)
    const error = await rejectsWith(t, 'VSS_E_HOLD_WRITES_TIMEOUT', backup.doSnapshotSet())
    t.is(error.culprit, 'Holdfast array provider')
    t.is(backup.report?.hold?.endedBy, 'deadline')
    const heldMillis = (backup.report?.hold?.holdMicros ?? 0) / 1000
    t.true(Math.abs(heldMillis - holdLimitMillis) < 200, `held for ${heldMillis} ms`)
    t.deepEqual(scene.writer.closingCalls, ['onAbort'])
    t.regex(backup.report?.summary ?? '', /VSS_E_HOLD_WRITES_TIMEOUT: .*array provider in commitSnapshots/)
    t.true((backup.report?.freezeMicros ?? 0) > 15_000_000, `frozen for ${backup.report?.freezeMicros} µs`)
    await backup.close()
    await assertNothingLeft(t, scene)

    const next = await prepared(scene, scene.names)
    const { report } = await next.backup.doSnapshotSet()
    t.true(report.hold?.heldThroughout)
    await next.backup.close()
  },
)

test.serial(
  'R102, R104: a commit that awaits its own write is broken at 10 s, and the write then completes',
  async (t) => {
    t.timeout(60_000)
    const faults: ProviderFaults = new Map()
    await using service = await openFaultyService(await newArrayPath(t), faults)
    const scene = await withWriter(service)
    using original = service.host.openVolume(scene.names[0])
    let written: Promise<void> | undefined
    faults.set('before commitSnapshots', () => {
      faults.clear()
      written = original.write(0, Buffer.alloc(512, 5))
      return written
    })
    const { backup } = await prepared(scene, scene.names)
    const error = await rejectsWith(t, 'VSS_E_HOLD_WRITES_TIMEOUT', backup.doSnapshotSet())
    t.regex(error.text, /the limit of 10000 ms ran out/)
    const heldMillis = (backup.report?.hold?.holdMicros ?? 0) / 1000
    t.true(Math.abs(heldMillis - holdLimitMillis) < 200, `held for ${heldMillis} ms`)
    const commit = backup.report?.timeline.find(
      ({ name, kind }) => name === 'commitSnapshots' && kind === 'provider',
    )
    t.true((commit?.durationMicros ?? 0) > 9_900_000, `in commitSnapshots for ${commit?.durationMicros} µs`)
    t.regex(
      backup.report?.summary ?? '',
      /VSS_E_HOLD_WRITES_TIMEOUT: .*array provider in commitSnapshots(, not done)? after (9\.9|10\.)/,
    )
    t.true((backup.report?.freezeMicros ?? 0) > 9_900_000, `frozen for ${backup.report?.freezeMicros} µs`)
    await written
    t.deepEqual(await original.read(0, 512), Buffer.alloc(512, 5))
    await backup.close()
    await assertNothingLeft(t, scene)
  },
)
