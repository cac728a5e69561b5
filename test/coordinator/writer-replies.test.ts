// What a writer says that no document can carry: it is that writer's failure, and nobody else's.
import test from 'ava'
import { VSS_WRITER_STATE } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import type { ComponentData } from '../../lib/writer/component-data.ts'
import type { WriterConnection, WriterReply } from '../../lib/writer/events.ts'
import type { Component } from '../../lib/writer/writer-components.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'
import { nothingIsLeft, smallWorld, statuses } from './small-world.ts'

const texts: [what: string, text: unknown][] = [
  ['a control character', 'a\u0000b'],
  ['a lone surrogate', '\ud800'],
  ['a number', 42],
  ['a function', () => 1],
  ['undefined', undefined],
]

/** Each member with one bad argument. */
const edits: Record<string, (component: Component, bad: never) => void> = {
  setBackupMetadata: (component, bad) => component.setBackupMetadata(bad),
  setBackupStamp: (component, bad) => component.setBackupStamp(bad),
  addDifferencedFilesByLastModifyTime: (component, bad) =>
    component.addDifferencedFilesByLastModifyTime('/data', bad, false, 0n),
  addPartialFile: (component, bad) => component.addPartialFile('/data', 'a.db', bad, 'm'),
}

for (const [member, edit] of Object.entries(edits)) {
  test(`${member} refuses what XML cannot carry at once, in the writer's own handler`, async (t) => {
    const world = await smallWorld()
    const writer = world.writers[0] as FakeWriter
    const backup = await world.prepared({ selectComponents: true, partialFileSupport: true })
    writer.answers.set('onPostSnapshot', () => {
      const component = writer.components?.getComponent(0) as Component
      for (const [what, text] of texts) {
        t.throws(() => edit(component, text as never), { instanceOf: VssError, code: 'E_INVALIDARG' }, what)
      }
      return true
    })
    t.is((await world.clock.run(backup.doSnapshotSet())).description.snapshots.length, 2)
    t.like((await statuses(world, backup))['front'], { failure: 'S_OK' }, 'nothing of it was kept')
    await world.clock.run(backup.close())
  })
}

test('a writer that lets the refusal out fails at its event, named; the set and the other writers go on', async (t) => {
  const world = await smallWorld()
  const [front, back] = world.writers
  front?.answers.set('onPrepareBackup', () => {
    front.components?.getComponent(0).setBackupStamp('a\u0001')
    return true
  })
  back?.answers.set('onPostSnapshot', () => {
    back.components?.getComponent(0).setBackupMetadata('\ud800')
    return true
  })
  const backup = await world.prepared({ selectComponents: true })
  t.is(backup.state, 'prepared')
  t.like((await statuses(world, backup))['front'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_BACKUP,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
  })
  await world.clock.run(backup.doSnapshotSet())
  t.is(backup.state, 'snapped')
  const status = await statuses(world, backup)
  t.like(status['back'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
  })
  t.regex(status['back']?.message ?? '', /backupMetadata has the character U\+D800/)
  t.is(backup.query().length, 2)
  await world.clock.run(backup.close())
})

/** A writer whose replies to one event are spoilt on the way. */
class SpoiltWriter extends FakeWriter {
  spoil: (reply: WriterReply) => unknown = (reply) => reply
  spoiltEvent = ''

  spoiled(connection: WriterConnection): WriterConnection {
    return {
      identity: connection.identity,
      deliver: async (event) => {
        const reply = await connection.deliver(event)
        return (event.type === this.spoiltEvent ? this.spoil(reply) : reply) as WriterReply
      },
    }
  }
}

async function spoiltWorld(): Promise<{ world: World; writer: SpoiltWriter }> {
  const world = new World()
  world.host.addVolume()
  world.host.addVolume()
  const writer = new SpoiltWriter('spoilt', world.faults)
  const { coordinator } = world
  await writer.subscribe({
    clock: coordinator.clock,
    subscribeWriter: (connection) => coordinator.subscribeWriter(writer.spoiled(connection)),
  })
  world.writers.push(writer)
  await world.addProvider('array')
  return { world, writer }
}

const withComponents =
  (edit: (component: ComponentData) => unknown) =>
  (reply: WriterReply): unknown => ({
    ...reply,
    components: reply.components?.map((component) => edit(component)),
  })
const file = { path: '/a', filespec: '*', recursive: false, lastModifyTime: 0n, lsn: null }

const replies: [what: string, spoil: (reply: WriterReply) => unknown][] = [
  ['nothing', () => undefined],
  ['null', () => null],
  ['a text', () => 'fine'],
  ['an unknown state', (reply) => ({ ...reply, state: 99 })],
  ['an unknown failure', (reply) => ({ ...reply, failure: 'E_WHATEVER' })],
  ['no fatal', ({ state, failure }) => ({ state, failure })],
  ['a message that is no text', (reply) => ({ ...reply, message: 7 })],
  ['an application code that is no number', (reply) => ({ ...reply, applicationHresult: '1' })],
  ['components that are no list', (reply) => ({ ...reply, components: {} })],
  ['a component that is null', withComponents(() => null)],
  ['metadata with a control character', withComponents((c) => ({ ...c, backupMetadata: 'a\u0000b' }))],
  ['a stamp that is a number', withComponents((c) => ({ ...c, backupStamp: 42 }))],
  ['differenced files that are no list', withComponents((c) => ({ ...c, differencedFiles: 1 }))],
  [
    'a differenced file with a bad time',
    withComponents((c) => ({ ...c, differencedFiles: [{ ...file, lastModifyTime: -1n }] })),
  ],
  ['a partial file that is null', withComponents((c) => ({ ...c, partialFiles: [null] }))],
]

for (const [what, spoil] of replies) {
  test(`a reply to PostSnapshot that is or has ${what} is that writer's failure, and the set stays`, async (t) => {
    const { world, writer } = await spoiltWorld()
    const backup = await world.prepared({ selectComponents: true })
    Object.assign(writer, { spoil, spoiltEvent: 'PostSnapshot' })
    const { description } = await world.clock.run(backup.doSnapshotSet())
    t.is(description.snapshots.length, 2)
    // The writer itself knows of nothing.
    t.like((await statuses(world, backup))['spoilt'], {
      state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT,
      failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
    })
    t.true(backup.saveAsXML().includes('files'))
    await world.clock.run(backup.close())
  })
}

test('a reply to Freeze that is none ends the set like any failed freeze, and the writer is closed', async (t) => {
  const { world, writer } = await spoiltWorld()
  const backup = await world.prepared()
  Object.assign(writer, { spoil: () => undefined, spoiltEvent: 'Freeze' })
  await t.throwsAsync(world.clock.run(backup.doSnapshotSet()), {
    code: 'VSS_E_UNEXPECTED_WRITER_ERROR',
    message: /writer 'spoilt' failed in Freeze .*its reply is no object/,
  })
  writer.spoiltEvent = ''
  await nothingIsLeft(t, world, backup)
})
