/**
 * A requester object in any of its states, over a writer that is nothing but its connection: what it was sent can
 * be looked at, and what it answers is said by the test.
 */
import { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import {
  VSS_APPLICATION_LEVEL,
  VSS_BACKUP_SCHEMA,
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES,
  VSS_WRITER_STATE,
} from '../../lib/enums.ts'
import { type Guid, newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import type { RequesterState } from '../../lib/requester/order.ts'
import type { ComponentData } from '../../lib/writer/component-data.ts'
import type { WriterConnection, WriterEvent, WriterIdentity, WriterReply } from '../../lib/writer/events.ts'
import { World } from '../helpers/fakes/world.ts'

const { VSS_CT_FILEGROUP } = VSS_COMPONENT_TYPE

/** All that a requester may use in a restore. */
export const FULL_SCHEMA: number =
  VSS_BACKUP_SCHEMA.VSS_BS_WRITER_SUPPORTS_NEW_TARGET |
  VSS_BACKUP_SCHEMA.VSS_BS_WRITER_SUPPORTS_RESTORE_WITH_MOVE |
  VSS_BACKUP_SCHEMA.VSS_BS_ROLLFORWARD_RESTORE |
  VSS_BACKUP_SCHEMA.VSS_BS_RESTORE_RENAME |
  VSS_BACKUP_SCHEMA.VSS_BS_AUTHORITATIVE_RESTORE |
  VSS_BACKUP_SCHEMA.VSS_BS_TIMESTAMPED

/** What a component is called in every member: writer, type, logical path, name. */
export type Key = [Guid, VSS_COMPONENT_TYPE, string | null, string]

/**
 * Its components:
 *
 *   set        selectable, with /srv/set `*`; below it `set\part` (selectable for restore) and `set\rest` (not)
 *   other      selectable
 *   required   not selectable
 */
export class ScriptedWriter implements WriterConnection {
  readonly identity: WriterIdentity
  readonly events: WriterEvent[] = []
  /** What it does to its components, by the type of the event. */
  readonly edits: Map<string, (components: ComponentData[]) => void> = new Map()
  readonly #schema: number

  constructor(options: Partial<WriterIdentity> = {}, schema: number = FULL_SCHEMA) {
    this.identity = {
      writerId: newGuid(),
      instanceId: newGuid(),
      writerName: 'scripted',
      instanceName: '',
      usageType: 3,
      sourceType: 2,
      applicationLevel: VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
      majorVersion: 0,
      minorVersion: 0,
      freezeTimeoutMillis: 60_000,
      ...options,
    }
    this.#schema = schema
  }

  key(name: string = 'set'): Key {
    return [this.identity.writerId, VSS_CT_FILEGROUP, null, name]
  }

  /** The types of the events it was sent, without those that ask only. */
  get told(): string[] {
    return this.events.map(({ type }) => type).filter((type) => type !== 'Identify' && type !== 'Status')
  }

  last<T extends WriterEvent['type']>(type: T): Extract<WriterEvent, { type: T }> | undefined {
    const events = this.events.filter((event) => event.type === type)
    return events.at(-1) as Extract<WriterEvent, { type: T }> | undefined
  }

  async deliver(event: WriterEvent): Promise<WriterReply> {
    this.events.push(structuredClone(event))
    const reply: WriterReply = { state: VSS_WRITER_STATE.VSS_WS_STABLE, failure: 'S_OK', fatal: false }
    if (event.type === 'Identify') return { ...reply, metadataXml: this.#metadata() }
    if (!('components' in event) || event.components === null) return reply
    const components = structuredClone(event.components)
    this.edits.get(event.type)?.(components)
    return { ...reply, components }
  }

  #metadata(): string {
    const { writerId, instanceId, writerName, instanceName } = this.identity
    const metadata = new CreateWriterMetadata({
      writerId,
      instanceId,
      writerName,
      instanceName: instanceName === '' ? null : instanceName,
      usage: 3,
      source: 2,
    })
    metadata.setBackupSchema(this.#schema)
    const add = (
      logicalPath: string | null,
      componentName: string,
      flags: { selectable: boolean; selectableForRestore?: boolean },
    ): void => {
      metadata.addComponent({ type: VSS_CT_FILEGROUP, logicalPath, componentName, ...flags })
      metadata.addFilesToFileGroup({
        logicalPath,
        groupName: componentName,
        path: `/srv/${componentName}`,
        filespec: '*',
        recursive: true,
      })
    }
    add(null, 'set', { selectable: true })
    add('set', 'part', { selectable: true, selectableForRestore: true })
    add('set', 'rest', { selectable: false })
    add(null, 'other', { selectable: true })
    add(null, 'required', { selectable: false })
    return metadata.finish().toXml()
  }
}

export interface Scene {
  world: World
  writer: ScriptedWriter
  backup: BackupComponents
  /** Of the set that the document in a restore describes. */
  snapshotId: Guid
}

/** Two volumes, a provider and a writer. */
export async function newScene(): Promise<{ world: World; writer: ScriptedWriter }> {
  const world = new World()
  world.host.addVolume()
  world.host.addVolume()
  await world.addProvider('array')
  const writer = new ScriptedWriter()
  await world.coordinator.subscribeWriter(writer)
  return { world, writer }
}

/** An object before prepareForBackup, with `set` and `/vol1` in its set. */
export async function started(world: World, writer: ScriptedWriter, context?: number): Promise<Scene> {
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  if (context !== undefined) backup.setContext(context)
  backup.setBackupState(true, false, VSS_BACKUP_TYPE.VSS_BT_FULL, true)
  await world.clock.run(backup.gatherWriterMetadata())
  backup.addComponent(writer.identity.instanceId, ...writer.key())
  backup.startSnapshotSet()
  const snapshotId = await world.clock.run(backup.addToSnapshotSet('/vol1'))
  return { world, writer, backup, snapshotId }
}

/** A whole backup of a transportable set, and its document. */
export async function backedUp(
  world: World,
  writer: ScriptedWriter,
): Promise<{ xml: string; snapshotId: Guid }> {
  const { VSS_VOLSNAP_ATTR_TRANSPORTABLE } = VSS_VOLUME_SNAPSHOT_ATTRIBUTES
  const { backup, snapshotId } = await started(world, writer, VSS_VOLSNAP_ATTR_TRANSPORTABLE)
  writer.edits.set('PrepareForBackup', ([component]) => {
    const ranges = '/srv/set/ranges'
    component?.partialFiles.push({ path: '/srv/set', filespec: 'big', ranges, metadata: null })
  })
  await world.clock.run(backup.prepareForBackup())
  await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.backupComplete())
  const xml = backup.saveAsXML()
  await world.clock.run(backup.close())
  writer.edits.clear()
  return { xml, snapshotId }
}

/** An object that restores `set`, which is selected. */
export async function restoring(world: World, writer: ScriptedWriter): Promise<Scene> {
  const { xml, snapshotId } = await backedUp(world, writer)
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForRestore(xml)
  await world.clock.run(backup.gatherWriterMetadata())
  backup.setSelectedForRestore(...writer.key(), true)
  writer.events.length = 0
  return { world, writer, backup, snapshotId }
}

const BACKUP_STEPS: readonly RequesterState[] = [
  'new',
  'initialized',
  'gathered',
  'setStarted',
  'prepared',
  'snapped',
  'done',
]
const RESTORE_STEPS: readonly RequesterState[] = [
  'restoreInitialized',
  'restoreGathered',
  'preRestored',
  'postRestored',
]

/** An object in this state. */
export async function objectIn(state: RequesterState): Promise<Scene> {
  const { world, writer } = await newScene()
  const restores = RESTORE_STEPS.includes(state)
  const { xml, snapshotId } = restores ? await backedUp(world, writer) : { xml: '', snapshotId: newGuid() }
  const backup = new BackupComponents(world.coordinator)
  const run = <T>(work: Promise<T>): Promise<T> => world.clock.run(work)
  const steps: (() => unknown)[] = restores
    ? [
        () => backup.initializeForRestore(xml),
        async () => {
          await run(backup.gatherWriterMetadata())
          backup.setSelectedForRestore(...writer.key(), true)
        },
        () => run(backup.preRestore()),
        () => run(backup.postRestore()),
      ]
    : [
        () => undefined,
        () => backup.initializeForBackup(),
        async () => {
          backup.setBackupState(true, false, VSS_BACKUP_TYPE.VSS_BT_FULL, true)
          await run(backup.gatherWriterMetadata())
          backup.addComponent(writer.identity.instanceId, ...writer.key())
        },
        async () => {
          backup.startSnapshotSet()
          await run(backup.addToSnapshotSet('/vol1'))
        },
        () => run(backup.prepareForBackup()),
        () => run(backup.doSnapshotSet()),
        () => run(backup.backupComplete()),
      ]
  const straight = restores ? RESTORE_STEPS : BACKUP_STEPS
  const sideWays = !straight.includes(state)
  for (const step of steps.slice(0, straight.indexOf(sideWays ? 'prepared' : state) + 1)) await step()
  if (state === 'failed') {
    world.faults.set('array.commitSnapshots', { kind: 'throw', error: new Error('x') })
    await run(backup.doSnapshotSet().catch(() => undefined))
  }
  if (state === 'aborted') await run(backup.abortBackup())
  if (state === 'closed') await run(backup.close())
  return { world, writer, backup, snapshotId }
}
