import test from 'ava'
import { VssError } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import type { WriterConnection } from '../../lib/writer/events.ts'
import { expandEnvironment, isPathOnVolumes, volumeOfPath } from '../../lib/writer/paths.ts'
import type { Writer } from '../../lib/writer/writer.ts'
import { Writer as WriterClass } from '../../lib/writer/writer.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

const OPTIONS = { writerId: newGuid(), writerName: 'w', usageType: 3, sourceType: 2 } as const

/** Takes whatever options it is given. */
class FakeWriterWith extends WriterClass {
  constructor(options: object) {
    super(options as ConstructorParameters<typeof WriterClass>[0])
  }
  onPrepareSnapshot(): void {}
  onFreeze(): void {}
  onThaw(): void {}
  onAbort(): void {}
}

/** As written in JavaScript, where nobody checks for abstract members. */
function javaScriptWriter(handlers: object): Writer {
  const Base = WriterClass as unknown as new (options: object) => object
  class Untyped extends Base {}
  Object.assign(Untyped.prototype, handlers)
  return new Untyped(OPTIONS) as Writer
}

for (const missing of ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onAbort']) {
  test(`R56: a class without ${missing} cannot be subscribed`, async (t) => {
    const handlers: Record<string, () => boolean> = {}
    for (const name of ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onAbort']) {
      if (name !== missing) handlers[name] = (): boolean => true
    }
    await t.throwsAsync(javaScriptWriter(handlers).subscribe(new World().coordinator), {
      instanceOf: TypeError,
      message: `writer 'w' must implement ${missing}`,
    })
  })
}

test('R43, R57, R68: a writer of dummies, synchronous and without return values, passes a full backup', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const nothing = (): void => undefined
  const writer = javaScriptWriter({
    onPrepareSnapshot: nothing,
    onFreeze: nothing,
    onThaw: nothing,
    onAbort: nothing,
  })
  await writer.subscribe(world.coordinator)
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.backupComplete())
  await world.clock.run(backup.gatherWriterStatus())
  t.like(backup.getWriterStatus(0), { writerName: 'w', failure: 'S_OK', state: 1 })
  await world.clock.run(backup.close())
})

test('a second subscription is refused, and one after unsubscribe is not', async (t) => {
  const world = new World()
  const writer = new FakeWriter('w', world.faults)
  await writer.subscribe(world.coordinator)
  await t.throwsAsync(writer.subscribe(world.coordinator), { message: /VSS_E_WRITER_ALREADY_SUBSCRIBED/ })
  await writer.unsubscribe()
  await writer.unsubscribe()
  t.is(world.coordinator.writers.length, 0)
  await t.notThrowsAsync(writer.subscribe(world.coordinator))
})

test('a bad window, name or class id is refused when the writer is made', (t) => {
  const world = new World()
  t.throws(() => new FakeWriter('w', world.faults, { freezeTimeoutMillis: 0 }), { message: /E_INVALIDARG/ })
  t.throws(() => new FakeWriter('', world.faults), { message: /writerName/ })
  t.throws(() => new FakeWriter('w', world.faults, { writerId: 'x' }), {
    message: /writerId 'x' is not a GUID/,
  })
})

test('R158: setWriterFailure belongs to the handler that is running, takes five codes, and is refused elsewhere', async (t) => {
  const world = new World()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  t.throws(() => writer.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE'), {
    message: /BAD_STATE.*outside a handler/,
  })
  t.throws(() => writer.setWriterFailure('S_OK' as never), { message: /E_INVALIDARG/ })
  let late: Promise<unknown> | undefined
  writer.answers.set('onPrepareBackup', () => {
    // Started by the handler, but running on after it.
    late = new Promise((resolve) => setImmediate(resolve)).then(() =>
      writer.setWriterFailure('VSS_E_WRITERERROR_TIMEOUT'),
    )
    late.catch(() => undefined)
    return true
  })
  const backup = await world.prepared()
  await t.throwsAsync(async () => late, { message: /BAD_STATE.*outside a handler/ })
  await world.clock.run(backup.close())
})

test('a path belongs to the volume with the longest mount path above it', (t) => {
  const mountTable = [
    { path: '/', volumeName: 'root' },
    { path: '/data', volumeName: 'data' },
    { path: '/data/log/', volumeName: 'log' },
  ]
  t.is(volumeOfPath('/data/log', mountTable), 'log')
  t.is(volumeOfPath('/data/log/x', mountTable), 'log')
  t.is(volumeOfPath('/data/logs', mountTable), 'data')
  t.is(volumeOfPath('/database', mountTable), 'root')
  t.is(volumeOfPath('relative', mountTable), undefined)
  const volumeName = '\\\\?\\Volume{00000001-0000-4000-8000-000000000000}\\'
  const set = { setId: newGuid(), context: 0, volumeNames: ['data', volumeName], mountTable }
  t.true(isPathOnVolumes('/data/x', set))
  t.false(isPathOnVolumes('/data/log/x', set), 'another volume is mounted there')
  t.true(isPathOnVolumes(`${volumeName.toUpperCase()}x\\y`, set))
  t.is(expandEnvironment(`%A%/$B/$${'{C}'}/$NO`, { A: 'a', B: 'b', C: 'c' }), 'a/b/c/$NO')
})

test('a writer of a usage, source or level that there is not is refused by the name of it', (t) => {
  for (const [name, value] of [
    ['usageType', Symbol('3')],
    ['usageType', 17],
    ['sourceType', undefined],
    ['applicationLevel', 'front'],
  ] as const) {
    const error = t.throws<VssError>(() => new FakeWriterWith({ ...OPTIONS, [name]: value }), {
      instanceOf: VssError,
    })
    t.like(error, { code: 'E_INVALIDARG', culprit: name })
  }
  t.throws(() => new FakeWriterWith(undefined as unknown as object), { code: 'E_INVALIDARG' })
})

test('a subscription that is cancelled before it is known has not come about, and can be made again', async (t) => {
  const world = new World()
  const writer = new FakeWriterWith(OPTIONS)
  const controller = new AbortController()
  const hub = {
    clock: world.clock,
    subscribeWriter: async (connection: WriterConnection) => {
      const subscription = await world.coordinator.subscribeWriter(connection)
      controller.abort()
      return subscription
    },
  }
  const cancelled = { code: 'VSS_S_ASYNC_CANCELLED' }
  await t.throwsAsync(writer.subscribe(world.coordinator, { signal: AbortSignal.abort() }), cancelled)
  await t.throwsAsync(writer.subscribe(hub, { signal: controller.signal }), cancelled)
  t.deepEqual(world.coordinator.writers, [])
  await writer.subscribe(world.coordinator)
  t.is(world.coordinator.writers.length, 1)
})
