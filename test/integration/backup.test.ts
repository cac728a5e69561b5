// A whole backup in one process, nothing faked: writer, requester, coordinator, host, provider, array.
import test, { type ExecutionContext } from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { Initiator } from '../../lib/binding-values.ts'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import {
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR,
  VSS_SNAPSHOT_CONTEXT as CTX,
  VSS_OBJECT_TYPE,
  VSS_SNAPSHOT_STATE,
} from '../../lib/enums.ts'
import type { VssCode } from '../../lib/errors.ts'
import { VssError } from '../../lib/errors.ts'
import { ALL_VSS_FLAGS } from '../../lib/host/volume.ts'
import { newGuid } from '../../lib/ids.ts'
import type { ProviderMethod } from '../../lib/provider/interfaces.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { type LocalService, openLocalService } from '../../lib/service/local-service.ts'
import { copyLuns, metadataHash, rejectsWith, sha256 } from '../host/machine.ts'
import {
  assertNothingLeft,
  newArrayPath,
  openFaultyService,
  type ProviderFaults,
  prepared,
  recordsOn,
  withWriter,
} from './local-machine.ts'

const { VSS_OBJECT_SNAPSHOT, VSS_OBJECT_SNAPSHOT_SET } = VSS_OBJECT_TYPE

async function open(t: ExecutionContext, path?: string): Promise<LocalService> {
  const service = await openLocalService({ arrayPath: path ?? (await newArrayPath(t)) })
  t.teardown(() => service.close())
  return service
}

test('both copies hold every record acknowledged before the freeze; the originals are untouched', async (t) => {
  const service = await open(t)
  const scene = await withWriter(service)
  const { writer, names } = scene
  const luns = (await service.array.listLuns()).map(({ guid }) => service.lun(guid))
  for (let n = 0; n < 20; n++) await writer.append()
  const metadataBefore = await Promise.all(luns.map(metadataHash))

  const { backup, snapshotIds } = await prepared(scene, ['/data', names[2]])
  const atFreeze: number[] = []
  writer.faults.set('onFreeze', () => atFreeze.push(writer.count))
  let loading = true
  const load = (async () => {
    while (loading) if (!(await writer.append())) await new Promise((resolve) => setTimeout(resolve, 1))
  })()
  const { description, report } = await backup.doSnapshotSet()
  while (writer.count === atFreeze[0]) await new Promise((resolve) => setTimeout(resolve, 1))
  loading = false
  await load

  t.is(description.snapshots.length, 2)
  t.true(report.hold?.heldThroughout)
  t.is(report.hold?.luns.length, 2)
  t.deepEqual(report.warnings, [])
  t.deepEqual(writer.events, ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot'])
  const properties = snapshotIds.map((id) => backup.getSnapshotProperties(id))
  t.deepEqual(
    writer.devices,
    properties.map(({ snapshotDeviceObject }) => snapshotDeviceObject),
  )
  for (const [index, each] of properties.entries()) {
    t.is(each.status, VSS_SNAPSHOT_STATE.VSS_SS_CREATED)
    t.is(each.originalVolumeName, index === 0 ? names[0] : names[2])
    t.is(each.snapshotAttributes & ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL, ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL)
  }
  const copies = service.host.volumes().filter(({ snapshotId }) => snapshotId !== null)
  t.deepEqual(copies.map(({ snapshotId }) => snapshotId).sort(), [...snapshotIds].sort())
  for (const copy of copies) {
    t.like(copy, { readOnly: true, hidden: true, flags: ALL_VSS_FLAGS, mountPaths: [] })
    using handle = service.host.openVolume(copy.deviceObject)
    t.is(await recordsOn(handle), atFreeze[0] ?? t.fail())
    await rejectsWith(t, 'E_ACCESSDENIED', handle.write(0, Buffer.alloc(512)))
  }
  t.true(writer.count > Number(atFreeze[0]), 'the load went on')
  t.deepEqual(await Promise.all(luns.map(metadataHash)), metadataBefore)
  t.is(new Set(service.host.volumes().map(({ name }) => name)).size, service.host.volumes().length)

  await backup.backupComplete()
  const document = BackupComponentsDocument.fromXml(backup.saveAsXML())
  t.is(document.writers.length, 1)
  await backup.close()
  t.is(writer.events.at(-1), 'onBackupComplete')
  await assertNothingLeft(t, scene, 'auto-release copies go with the requester')
})

test('two volumes on one LUN are two shadow copies, which leave one after the other', async (t) => {
  const scene = await withWriter(await open(t))
  const { service, names } = scene
  const { backup, snapshotIds } = await prepared(scene, names)
  await backup.doSnapshotSet()
  t.is((await copyLuns(service.array)).length, 2)
  t.is(service.host.volumes().length, 6)
  const [first, second, third] = snapshotIds
  using handle = service.host.openVolume(backup.getSnapshotProperties(second ?? '').snapshotDeviceObject)
  const one = await backup.deleteSnapshots(first ?? '', VSS_OBJECT_SNAPSHOT, false)
  t.is(one.deletedSnapshots, 1)
  t.is((await copyLuns(service.array)).length, 2, 'the LUN is the other volume’s as well')
  t.is((await handle.read(0, 512)).length, 512)
  const busy = await backup.deleteSnapshots(second ?? '', VSS_OBJECT_SNAPSHOT, false)
  t.is(busy.error?.code, 'VSS_E_VOLUME_IN_USE')
  t.is(busy.nondeletedSnapshotId, second ?? '')
  t.is((await backup.deleteSnapshots(second ?? '', VSS_OBJECT_SNAPSHOT, true)).deletedSnapshots, 1)
  t.is((await copyLuns(service.array)).length, 1)
  t.is((await backup.deleteSnapshots(third ?? '', VSS_OBJECT_SNAPSHOT, false)).deletedSnapshots, 1)
  await backup.close()
  await assertNothingLeft(t, scene)
})

test('what a writer changes in onPostSnapshot is in its copy, and the original never sees it', async (t) => {
  const scene = await withWriter(await open(t))
  const { service, writer, names } = scene
  const { backup, snapshotIds } = await prepared(scene, [names[0], names[2]])
  const recovered = Buffer.alloc(512, 9)
  let recovery: Promise<void> | undefined
  writer.faults.set('onPostSnapshot', () => {
    const handle = service.host.openVolume(writer.devices[0] ?? '')
    recovery = handle.write(512, recovered).finally(() => handle.close())
  })
  await backup.doSnapshotSet()
  await recovery
  using copy = service.host.openVolume(
    backup.getSnapshotProperties(snapshotIds[0] ?? '').snapshotDeviceObject,
  )
  t.deepEqual(await copy.read(512, 512), recovered)
  using original = service.host.openVolume(names[0])
  t.deepEqual(await original.read(512, 512), Buffer.alloc(512))
  await backup.close()
})

test('persistent sets are listed and deleted after reopening; others are gone', async (t) => {
  const path = await newArrayPath(t)
  let kept: string
  let contents: string
  let setId: string
  {
    const service = await openLocalService({ arrayPath: path })
    const scene = await withWriter(service)
    for (let n = 0; n < 5; n++) await scene.writer.append()
    const persistent = await prepared(scene, [scene.names[0], scene.names[2]], CTX.VSS_CTX_APP_ROLLBACK)
    const { description } = await persistent.backup.doSnapshotSet()
    setId = description.setId
    kept = persistent.snapshotIds[0] ?? ''
    using copy = service.host.openVolume(persistent.backup.getSnapshotProperties(kept).snapshotDeviceObject)
    contents = await sha256(copy)
    await persistent.backup.close()
    const passing = await prepared(scene, [scene.names[0]])
    await passing.backup.doSnapshotSet()
    t.is((await copyLuns(service.array)).length, 3)
    // Nothing but the array is closed: as a process that ends would leave it.
    await service.array.close()
  }
  const service = await open(t, path)
  t.is((await copyLuns(service.array)).length, 2)
  await using backup = new BackupComponents(service.coordinator)
  backup.initializeForBackup()
  backup.setContext(CTX.VSS_CTX_ALL)
  const found = backup.query()
  t.is(found.length, 2)
  const properties = backup.getSnapshotProperties(kept)
  t.is(properties.snapshotSetId, setId)
  t.is(properties.snapshotDeviceObject, '', 'no host has it yet')
  t.is(properties.snapshotAttributes & ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED, ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED)
  const original = service.host.volumes().find(({ name }) => name === properties.originalVolumeName)
  const copyGuid = (await service.array.listLuns()).find(({ snapshotId }) => snapshotId === kept)?.guid
  await using lun = await service.array.openLun(copyGuid ?? '')
  const bytes = {
    sizeBytes: original?.lengthBytes ?? 0,
    read: (offset: number, length: number) => lun.read((original?.offsetBytes ?? 0) + offset, length),
  }
  t.is(await sha256(bytes), contents)
  const deleted = await backup.deleteSnapshots(setId, VSS_OBJECT_SNAPSHOT_SET, false)
  t.is(deleted.deletedSnapshots, 2)
  t.deepEqual(backup.query(), [])
  t.deepEqual(await copyLuns(service.array), [])
  t.deepEqual(await service.array.listSets(), [])
})

test('a transportable set is made and not brought in', async (t) => {
  const scene = await withWriter(await open(t))
  const { service, names } = scene
  const context = CTX.VSS_CTX_BACKUP | ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE
  const { backup } = await prepared(scene, [names[0], names[2]], context)
  const { description } = await backup.doSnapshotSet()
  t.true(description.snapshots.every(({ properties }) => properties.snapshotDeviceObject === ''))
  t.is(service.host.volumes().length, 3)
  t.is((await copyLuns(service.array)).length, 2)
  t.true((await service.array.listSets())[0]?.created)
  await backup.backupComplete()
  await backup.close()
  await assertNothingLeft(t, scene)
})

test('R82, R74: a LUN mapped read-only is not supported; both kinds of copies are', async (t) => {
  const path = await newArrayPath(t)
  await using service = await openLocalService({ arrayPath: path, luns: [] })
  const [first, second] = await service.array.listLuns()
  const [readOnly] = await service.map(first?.guid ?? '', { readOnly: true })
  const [volume] = await service.map(second?.guid ?? '')
  const supported = async (context: number, name: string | undefined): Promise<boolean> => {
    await using backup = new BackupComponents(service.coordinator)
    backup.initializeForBackup()
    backup.setContext(context)
    return await backup.isVolumeSupported(name ?? '')
  }
  const noWriters = CTX.VSS_CTX_FILE_SHARE_BACKUP
  t.false(await supported(noWriters, readOnly?.name))
  t.true(await supported(noWriters, volume?.name))
  t.true(await supported(noWriters | ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL, volume?.name))
  t.true(await supported(noWriters | ATTR.VSS_VOLSNAP_ATTR_PLEX, volume?.name))
})

test('a provider that fails before or after any call leaves nothing, and the next set succeeds', async (t) => {
  const methods: readonly ProviderMethod[] = [
    'endPrepareSnapshots',
    'preCommitSnapshots',
    'commitSnapshots',
    'postCommitSnapshots',
    'getTargetLuns',
    'locateLuns',
    'fillInLunInfo',
    'preFinalCommitSnapshots',
    'postFinalCommitSnapshots',
  ]
  const faults: ProviderFaults = new Map()
  await using service = await openFaultyService(await newArrayPath(t), faults)
  const scene = await withWriter(service)
  const { writer, names } = scene
  for (const method of methods) {
    for (const when of ['before', 'after'] as const) {
      const message = `${when} ${method}`
      faults.set(`${when} ${method}`, () => {
        faults.clear()
        throw new VssError('VSS_E_PROVIDER_VETO', message)
      })
      writer.events.length = 0
      const { backup } = await prepared(scene, names)
      const error = await rejectsWith(t, 'VSS_E_PROVIDER_VETO', backup.doSnapshotSet())
      t.true(error.message.includes(message), error.message)
      t.true(writer.closingCalls.length <= 1, message)
      t.is(writer.closingCalls.length, writer.events.includes('onPrepareSnapshot') ? 1 : 0, message)
      await backup.close()
      await assertNothingLeft(t, scene, message)
    }
  }
  const { backup } = await prepared(scene, names)
  await backup.doSnapshotSet()
  await backup.close()
  await assertNothingLeft(t, scene)
})

test('whatever a writer fails in, nothing is left behind and it is not frozen', async (t) => {
  const scene = await withWriter(await open(t))
  const { writer, names } = scene
  const outcomes: Record<string, VssCode | 'created'> = {}
  for (const handler of ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot']) {
    writer.faults.set(handler, () => {
      writer.faults.clear()
      throw new Error(`no ${handler}`)
    })
    const { backup } = await prepared(scene, [names[0], names[2]])
    outcomes[handler] = await backup.doSnapshotSet().then(
      () => 'created' as const,
      (thrown: VssError) => thrown.code,
    )
    await backup.close()
    await assertNothingLeft(t, scene, handler)
  }
  t.deepEqual(outcomes, {
    onPrepareSnapshot: 'created',
    onFreeze: 'VSS_E_UNEXPECTED_WRITER_ERROR',
    onThaw: 'VSS_E_UNEXPECTED_WRITER_ERROR',
    onPostSnapshot: 'created',
  })
})

test('R97, R100, R102, R104, R105, R106: a commit that waits for its own write is stopped by the limit', async (t) => {
  const faults: ProviderFaults = new Map()
  await using service = await openFaultyService(await newArrayPath(t), faults, { holdMillis: 300 })
  const scene = await withWriter(service)
  const { writer, names } = scene
  using original = service.host.openVolume(names[1])
  let written: Promise<void> | undefined
  faults.set('before commitSnapshots', () => {
    faults.clear()
    written = original.write(0, Buffer.alloc(512, 5))
    return written
  })
  const { backup } = await prepared(scene, names)
  const error = await rejectsWith(t, 'VSS_E_HOLD_WRITES_TIMEOUT', backup.doSnapshotSet())
  t.is(error.culprit, 'Holdfast array provider')
  t.is(backup.report?.hold?.endedBy, 'deadline')
  await written
  t.deepEqual(await original.read(0, 512), Buffer.alloc(512, 5))
  t.deepEqual(writer.closingCalls, ['onAbort'])
  await backup.close()
  await assertNothingLeft(t, scene)

  // The same write, not waited for, completes after the release and is in no copy; said to be a provider's, it is
  // reported as what a provider must not do.
  const order: string[] = []
  const volume = service.host.volumes().find(({ name }) => name === names[1])
  await using lun = await service.array.openLun(volume?.lunGuid ?? '')
  const at = (volume?.offsetBytes ?? 0) + 512
  faults.set('before commitSnapshots', () => {
    written = lun
      .write(at, Buffer.alloc(512, 6), { initiator: Initiator.provider })
      .then(() => void order.push('written'))
  })
  faults.set('after commitSnapshots', async () => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    order.push('committed')
  })
  const next = await prepared(scene, names)
  const { report } = await next.backup.doSnapshotSet()
  faults.clear()
  await written
  t.deepEqual(order, ['committed', 'written'])
  t.is(
    report.hold?.luns.reduce((sum, { queuedWriteCount }) => sum + queuedWriteCount, 0),
    1,
  )
  t.is(report.warnings.length, 1)
  t.regex(String(report.warnings[0]), /^a provider started a write to the original .* while writes were held/)
  using copy = service.host.openVolume(
    next.backup.getSnapshotProperties(next.snapshotIds[1] ?? '').snapshotDeviceObject,
  )
  t.deepEqual(await copy.read(512, 512), Buffer.alloc(512))
  t.deepEqual(await original.read(512, 512), Buffer.alloc(512, 6))
  await next.backup.close()
})

test('a set that its requester cancels is undone, and another backup can follow', async (t) => {
  const faults: ProviderFaults = new Map()
  await using service = await openFaultyService(await newArrayPath(t), faults)
  const scene = await withWriter(service)
  const controller = new AbortController()
  faults.set('before postCommitSnapshots', () => controller.abort(new Error('enough')))
  const { backup } = await prepared(scene, scene.names)
  await rejectsWith(t, 'VSS_S_ASYNC_CANCELLED', backup.doSnapshotSet({ signal: controller.signal }))
  await backup.abortBackup()
  await backup.close()
  faults.clear()
  await assertNothingLeft(t, scene)
  const next = await prepared(scene, scene.names)
  await next.backup.doSnapshotSet()
  await next.backup.close()
})

test('a service whose array cannot be opened or mapped leaves nothing open', async (t) => {
  const path = await newArrayPath(t)
  await rejectsWith(t, 'ERR_ARRAY_NOT_FOUND', openLocalService({ arrayPath: `${path}-not-there` }))
  await rejectsWith(t, 'ERR_LUN_NOT_FOUND', openLocalService({ arrayPath: path, luns: [newGuid()] }))
  await using array = await StorageArray.open(path)
  t.is((await array.listLuns()).length, 2)
})
