// What a backup includes, what it says of it, and what it asks about paths and volumes.
import test from 'ava'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { VSS_COMPONENT_TYPE } from '../../lib/enums.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { ComponentTree, type Inclusion } from '../../lib/requester/component-tree.ts'
import { volumeNames } from '../helpers/fakes/world.ts'
import { newScene, started } from './scene.ts'

const FILEGROUP = VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP

/** `name+` is selectable. */
function treeOf(paths: readonly string[]): { tree: ComponentTree; inclusions: Record<string, Inclusion> } {
  const groups = paths.map((path) => {
    const parts = path.replace('+', '').split('/')
    const name = parts.pop()
    const attributes = parts.length === 0 ? '' : ` logicalPath="${parts.join('\\')}"`
    return `<FILE_GROUP${attributes} componentName="${name}" selectable="${path.includes('+') ? 'yes' : 'no'}"/>`
  })
  const document = WriterMetadataDocument.fromXml(
    '<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2"><IDENTIFICATION ' +
      'writerId="11111111-1111-4111-8111-111111111111" instanceId="22222222-2222-4222-8222-222222222222" ' +
      'friendlyName="w" usage="USER_DATA" dataSource="OTHER" majorVersion="1" minorVersion="0"/>' +
      `<BACKUP_LOCATIONS>${groups.join('')}</BACKUP_LOCATIONS></WRITER_METADATA>`,
  )
  const tree = ComponentTree.of(document)
  const inclusions = Object.fromEntries(
    paths.map((path) => {
      const parts = path.replace('+', '').split('/')
      const name = parts.pop() ?? ''
      const info = tree.find(FILEGROUP, parts.length === 0 ? null : parts.join('\\'), name)
      if (info === undefined) throw new Error(path)
      return [path, tree.inclusionOf(info)]
    }),
  )
  return { tree, inclusions }
}

test('R124: how a component is included follows from its selectability and that of its ancestors', (t) => {
  // Where nothing above is selectable, a component is explicit itself (conflict 3 of the reference).
  const { tree, inclusions } = treeOf([
    'Executables',
    'Executables/ConfigFiles',
    'LicenseInfo+',
    'LicenseInfo/Deep',
    'LicenseInfo/Deep/Own+',
    'Licenses',
    'Other/Loose+',
  ])
  t.deepEqual(inclusions, {
    Executables: 'required',
    'Executables/ConfigFiles': 'required',
    'LicenseInfo+': 'optional',
    'LicenseInfo/Deep': 'implicit',
    'LicenseInfo/Deep/Own+': 'either',
    Licenses: 'required',
    'Other/Loose+': 'optional',
  })
  const set = (path: string | null, name: string): string[] => {
    const info = tree.find(FILEGROUP, path, name)
    return info === undefined ? [] : tree.setOf(info).map(({ componentName }) => componentName)
  }
  t.deepEqual(set(null, 'LicenseInfo'), ['LicenseInfo', 'Deep', 'Own'])
  t.deepEqual(set('LicenseInfo\\Deep', 'Own'), ['Own'])
  t.deepEqual(set(null, 'Executables'), ['Executables'], 'only what is selectable defines a set')
})

test('R13, R14, R125: only what was included explicitly is in the document, and what never is by itself is refused', async (t) => {
  const { world, writer } = await newScene()
  const { backup } = await started(world, writer)
  const { instanceId, writerId } = writer.identity
  const add = (path: string | null, name: string) => (): void =>
    backup.addComponent(instanceId, writerId, FILEGROUP, path, name)
  t.throws(add('set', 'rest'), { code: 'E_INVALIDARG', message: /Include 'set', with which it comes/ })
  t.throws(add(null, 'set'), { code: 'VSS_E_OBJECT_ALREADY_EXISTS' })
  t.throws(add(null, 'absent'), { code: 'VSS_E_OBJECT_NOT_FOUND' })
  t.notThrows(add('set', 'part'))
  t.notThrows(add(null, 'required'))
  await world.clock.run(backup.prepareForBackup())
  const names = writer.last('PrepareForBackup')?.components?.map(({ componentName }) => componentName)
  t.deepEqual(names, ['set', 'part', 'required'])
  const stored = BackupComponentsDocument.fromXml(backup.saveAsXML()).writers[0]?.components
  t.deepEqual(
    stored?.map(({ componentName }) => componentName),
    ['set', 'part', 'required'],
  )
  await world.clock.run(backup.close())
})

test('R23, R34: the stamp of one backup is what the writer is handed in the next', async (t) => {
  const { world, writer } = await newScene()
  const { backup: first } = await started(world, writer)
  writer.edits.set('PostSnapshot', ([component]) => {
    if (component !== undefined) component.backupStamp = 'stamp of Monday'
  })
  await world.clock.run(first.prepareForBackup())
  await world.clock.run(first.doSnapshotSet())
  await world.clock.run(first.backupComplete())
  const stored = first.saveAsXML()
  await world.clock.run(first.close())

  const old = BackupComponentsDocument.fromXml(stored).writers[0]?.findComponent(null, 'set')
  const { backup: second } = await started(world, writer)
  t.throws(() => second.setPreviousBackupStamp(...writer.key('other'), 'x'), {
    code: 'VSS_E_OBJECT_NOT_FOUND',
  })
  second.setPreviousBackupStamp(...writer.key(), old?.backupStamp ?? '')
  writer.events.length = 0
  await world.clock.run(second.prepareForBackup())
  const [component] = writer.last('PrepareForBackup')?.components ?? []
  t.is(component?.previousBackupStamp, 'stamp of Monday')
  t.deepEqual(writer.told, ['PrepareForBackup'], 'the stamp raised no event of its own')
  await world.clock.run(second.close())
})

test('freed metadata and status are not there any more, and the backup goes on without them', async (t) => {
  const { world, writer } = await newScene()
  const { backup } = await started(world, writer)
  await world.clock.run(backup.gatherWriterStatus())
  t.is(backup.getWriterStatusCount(), 1)
  t.deepEqual(backup.getWriterStatusEx(0), backup.getWriterStatus(0))
  t.deepEqual(backup.getWriterMetadataEx(0), backup.getWriterMetadata(0))
  backup.freeWriterStatus()
  backup.freeWriterMetadata()
  t.throws(() => backup.getWriterStatus(0), { code: 'VSS_E_BAD_STATE', message: /gatherWriterStatus/ })
  for (const call of [
    () => backup.getWriterMetadataCount(),
    () => backup.getWriterMetadata(0),
    () => backup.addComponent(writer.identity.instanceId, ...writer.key('other')),
  ]) {
    t.throws(call, { code: 'VSS_E_BAD_STATE', message: /before freeWriterMetadata/ })
  }
  await world.clock.run(backup.prepareForBackup())
  t.is(writer.last('PrepareForBackup')?.operationId, backup.getSessionId())
  await world.clock.run(backup.close())
})

test('a path has a root for the set and a prefix that is the same however the volume is reached', async (t) => {
  const { world, writer } = await newScene()
  const { backup } = await started(world, writer)
  const [volume] = world.host.volumes
  volume?.mountPaths.push('/vol1/deep/again')
  const ask = (path: string, fqdn?: boolean): Promise<unknown> =>
    world.clock.run(backup.getRootAndLogicalPrefixPaths(path, fqdn))
  const [name] = volumeNames(world)
  t.deepEqual(await ask('/vol1/a/../b'), { rootPath: '/vol1/', logicalPrefix: name })
  t.deepEqual(await ask('/vol1/deep/again/x'), { rootPath: '/vol1/deep/again/', logicalPrefix: name })
  const share = '\\\\Files.Example.\\data\\'
  t.deepEqual(await ask(`${share}x`), { rootPath: share, logicalPrefix: share })
  t.deepEqual(await ask(`${share}x`, true), {
    rootPath: '\\\\files.example\\data\\',
    logicalPrefix: '\\\\files.example\\data\\',
  })
  await t.throwsAsync(ask('/nowhere'), { code: 'VSS_E_OBJECT_NOT_FOUND' })
  for (const bad of ['relative', '', 5]) await t.throwsAsync(ask(bad as string), { code: 'E_INVALIDARG' })
  await world.clock.run(backup.close())
})

test('R71, R126, R184: a volume is added by any path on it, and by a provider chosen or named', async (t) => {
  const { world, writer } = await newScene()
  const other = await world.addProvider('other')
  const { backup } = await started(world, writer)
  const named = world.coordinator.queryProviders().find(({ providerName }) => providerName === 'other')
  const providerId = named?.providerId ?? ''
  t.true(await world.clock.run(backup.isVolumeSupported('/vol2', providerId)))
  other.supports = () => false
  t.false(await world.clock.run(backup.isVolumeSupported('/vol2', providerId)))
  const code = 'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER'
  await t.throwsAsync(world.clock.run(backup.addToSnapshotSet('/vol2', providerId)), { code })
  other.supports = undefined
  await world.clock.run(backup.addToSnapshotSet('/vol2/deep/path', providerId))
  t.true(other.calls.includes('beginPrepareSnapshot'))
  await t.throwsAsync(world.clock.run(backup.addToSnapshotSet('/vol2')), {
    code: 'VSS_E_OBJECT_ALREADY_EXISTS',
  })
  await world.clock.run(backup.close())
})

test('R179: while one requester has a set, no other can start one, until it is made, aborted or released', async (t) => {
  const { world, writer } = await newScene()
  const start = async (): Promise<BackupComponents> => {
    const backup = new BackupComponents(world.coordinator)
    backup.initializeForBackup()
    await world.clock.run(backup.gatherWriterMetadata())
    backup.setBackupState(true, false, 1)
    return backup
  }
  const waiting = await start()
  const inProgress = { code: 'VSS_E_SNAPSHOT_SET_IN_PROGRESS' } as const
  const { backup: first } = await started(world, writer)
  t.throws(() => waiting.startSnapshotSet(), inProgress)
  await world.clock.run(first.abortBackup())
  const second = await start()
  second.startSnapshotSet()
  t.throws(() => waiting.startSnapshotSet(), inProgress)
  await world.clock.run(second.close())
  const { backup: third } = await started(world, writer)
  await world.clock.run(third.prepareForBackup())
  const making = third.doSnapshotSet()
  t.throws(() => waiting.startSnapshotSet(), inProgress)
  await world.clock.run(making)
  t.notThrows(() => waiting.startSnapshotSet(), 'the set is made, though its requester is still there')
  for (const backup of [first, third, waiting]) await world.clock.run(backup.close())
})
