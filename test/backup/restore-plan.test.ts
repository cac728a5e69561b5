import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { type ComponentRestore, RestorePlan, type RestorePlanOptions } from '../../lib/backup/restore-plan.ts'
import { systemProbe } from '../../lib/backup/restore-probe.ts'
import { pairDocuments } from '../../lib/backup/writers.ts'
import type { ComponentRecord } from '../../lib/document/component-record.ts'
import {
  VSS_BACKUP_SCHEMA,
  VSS_BACKUP_TYPE,
  VSS_RESTORE_TARGET,
  VSS_RESTOREMETHOD_ENUM,
  VSS_WRITERRESTORE_ENUM,
} from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { temporaryDirectory } from '../host/machine.ts'
import { documentOf, metadataOf, splitName, type TestWriter } from './documents.ts'

const RME = VSS_RESTOREMETHOD_ENUM
const RT = VSS_RESTORE_TARGET

/** The plan for a writer whose component `c` is included and, unless the change says otherwise, selected. */
async function planned(
  writer: TestWriter,
  change: (record: ComponentRecord) => void = () => undefined,
  options: Partial<RestorePlanOptions> = {},
): Promise<ComponentRestore[]> {
  const metadata = metadataOf(writer)
  const document = documentOf([[metadata, ['c']]])
  const record = document.writers[0]?.components[0] as ComponentRecord
  record.selectedForRestore = true
  change(record)
  const nothing = { exists: async () => false, canReplace: async () => true }
  const plan = new RestorePlan(pairDocuments(document, [metadata]), {
    ...{ backupType: VSS_BACKUP_TYPE.VSS_BT_FULL, environment: {}, probe: nothing, files: () => ['/d/x.db'] },
    ...options,
  })
  const restores: ComponentRestore[] = []
  for await (const restore of plan.components()) restores.push(restore)
  return restores
}

const component = { name: 'c', files: [{ path: '/d', filespec: '*.db' }] }
const mappings = [{ path: '/d', filespec: '*.db', to: '/alternate' }]

/** A writer of one component, with a method. */
function writerWith(method: VSS_RESTOREMETHOD_ENUM, changes: Partial<TestWriter> = {}): TestWriter {
  const needsService = method === RME.VSS_RME_STOP_RESTORE_START || method === RME.VSS_RME_RESTORE_STOP_START
  return {
    components: [component],
    method: { method, ...(needsService ? { service: 'stored' } : {}) },
    ...changes,
  }
}

const blocked = { exists: async () => true, canReplace: async () => false }

function unselect(record: ComponentRecord): void {
  record.selectedForRestore = false
}

/** What becomes of the component in one word, and where its files go. */
async function way(
  writer: TestWriter,
  change?: (record: ComponentRecord) => void,
  options?: Partial<RestorePlanOptions>,
): Promise<string> {
  const [restore] = await planned(writer, change, options)
  const [entry] = restore?.entries ?? []
  const outcome = restore?.error === null ? entry?.destination : restore?.error.code
  return `${restore?.way} ${outcome}`
}

test('R142: each method restores to where the reference says, and to an alternate location where that is in the way', async (t) => {
  const cases: [VSS_RESTOREMETHOD_ENUM, string, string, string][] = [
    // Free, in the way with a mapping, in the way without one.
    [
      RME.VSS_RME_RESTORE_IF_NOT_THERE,
      'original /d',
      'alternate /alternate',
      'impossible VSS_E_OBJECT_ALREADY_EXISTS',
    ],
    [RME.VSS_RME_RESTORE_IF_CAN_REPLACE, 'original /d', 'alternate /alternate', 'impossible E_ACCESSDENIED'],
    [RME.VSS_RME_STOP_RESTORE_START, 'original /d', 'original /d', 'original /d'],
    [RME.VSS_RME_RESTORE_STOP_START, 'original /d', 'original /d', 'original /d'],
    [
      RME.VSS_RME_RESTORE_TO_ALTERNATE_LOCATION,
      ...['impossible VSS_E_UNEXPECTED_WRITER_ERROR', 'alternate /alternate'],
      'impossible VSS_E_UNEXPECTED_WRITER_ERROR',
    ] as never,
    [RME.VSS_RME_RESTORE_AT_REBOOT, 'atReboot /d', 'atReboot /d', 'atReboot /d'],
    [RME.VSS_RME_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE, 'original /d', 'atReboot /d', 'atReboot /d'],
    [RME.VSS_RME_CUSTOM, 'custom undefined', 'custom undefined', 'custom undefined'],
  ]
  for (const [method, free, mapped, unmapped] of cases) {
    t.is(await way(writerWith(method)), free, `${method} free`)
    t.is(
      await way(writerWith(method, { mappings }), undefined, { probe: blocked }),
      mapped,
      `${method} mapped`,
    )
    t.is(await way(writerWith(method), undefined, { probe: blocked }), unmapped, `${method} unmapped`)
  }
})

test('R142: a target goes before the method, but not before those that wait for a reboot or are custom', async (t) => {
  const to = (target: VSS_RESTORE_TARGET) => (record: ComponentRecord) => {
    record.restoreTarget = target
  }
  const replace = writerWith(RME.VSS_RME_RESTORE_IF_CAN_REPLACE, { mappings })
  t.is(await way(replace, to(RT.VSS_RT_ALTERNATE)), 'alternate /alternate')
  t.is(await way(replace, to(RT.VSS_RT_ORIGINAL_LOCATION), { probe: blocked }), 'original /d')
  t.is(await way(replace, to(RT.VSS_RT_UNDEFINED)), 'impossible VSS_E_UNEXPECTED_WRITER_ERROR')
  t.is(await way(replace, to(RT.VSS_RT_DIRECTED)), 'impossible VSS_E_UNEXPECTED_WRITER_ERROR')
  const unmapped = writerWith(RME.VSS_RME_RESTORE_IF_CAN_REPLACE)
  t.is(await way(unmapped, to(RT.VSS_RT_ALTERNATE)), 'impossible VSS_E_UNEXPECTED_WRITER_ERROR')
  const elsewhere = writerWith(RME.VSS_RME_RESTORE_TO_ALTERNATE_LOCATION, { mappings })
  t.is(await way(elsewhere, to(RT.VSS_RT_ORIGINAL_LOCATION)), 'original /d')
  const reboot = writerWith(RME.VSS_RME_RESTORE_AT_REBOOT, { mappings })
  t.is(await way(reboot, to(RT.VSS_RT_ALTERNATE)), 'atReboot /d')
  t.is(await way(writerWith(RME.VSS_RME_CUSTOM), to(RT.VSS_RT_ALTERNATE)), 'custom undefined')
})

test('a component is restored whole: one file set without a mapping, and none goes to another place', async (t) => {
  const two = { name: 'c', files: [...component.files, { path: '/e', filespec: 'y' }] }
  const writer = writerWith(RME.VSS_RME_RESTORE_TO_ALTERNATE_LOCATION, { components: [two], mappings })
  const [restore] = await planned(writer)
  t.is(restore?.way, 'impossible')
  t.regex(restore?.error?.message ?? '', /\/e\/y has no alternate location/)
  const both = [...mappings, { path: '/e', filespec: 'y', to: '/other' }]
  const [whole] = await planned({ ...writer, mappings: both })
  t.deepEqual(
    whole?.entries.map(({ destination, reason }) => [destination, reason]),
    [
      ['/alternate', 'mapping'],
      ['/other', 'mapping'],
    ],
  )
  t.deepEqual(
    whole?.usedMappings.map(({ path, filespec, alternatePath }) => [path, filespec, alternatePath]),
    [
      ['/d', '*.db', '/alternate'],
      ['/e', 'y', '/other'],
    ],
  )
})

test('a service is stopped around the files or after them, and a reboot is announced', async (t) => {
  const [stop] = await planned(writerWith(RME.VSS_RME_STOP_RESTORE_START))
  t.deepEqual(stop?.serviceStop, { service: 'stored', during: 'files' })
  const [later] = await planned(writerWith(RME.VSS_RME_RESTORE_STOP_START))
  t.deepEqual(later?.serviceStop, { service: 'stored', during: 'after' })
  t.false(later?.rebootRequired)
  const [reboot] = await planned(writerWith(RME.VSS_RME_RESTORE_AT_REBOOT))
  t.true(reboot?.rebootRequired)
  t.true(reboot?.entries.every(({ atReboot }) => atReboot))
  const asks = { method: RME.VSS_RME_RESTORE_IF_CAN_REPLACE, rebootRequired: true }
  const [told] = await planned({ components: [component], method: asks })
  t.true(told?.rebootRequired)
})

test('R144: a new target takes files where the requester wants them, for exactly its file set and with the schema', async (t) => {
  const schema = VSS_BACKUP_SCHEMA.VSS_BS_WRITER_SUPPORTS_NEW_TARGET
  const writer = writerWith(RME.VSS_RME_RESTORE_IF_CAN_REPLACE, { schema })
  const target = (filespec: string) => (record: ComponentRecord) =>
    record.addNewTarget({ path: '/d/', filespec, recursive: false, alternatePath: '/new' })
  const [moved] = await planned(writer, target('*.db'), { probe: blocked })
  t.like(moved, { way: 'original', error: null })
  t.like(moved?.entries[0], { destination: '/new', reason: 'newTarget' })
  t.is(moved?.entries[0]?.destinationOf('/d/x.db'), '/new/x.db')
  // Not the triple of the file set.
  t.is(await way(writer, target('x.db'), { probe: blocked }), 'impossible E_ACCESSDENIED')
  t.is(await way({ ...writer, schema: 0 }, target('*.db')), 'impossible VSS_E_NOT_SUPPORTED')
})

test('R145: directed targets restore what they name and nothing else', async (t) => {
  const [restore] = await planned(writerWith(RME.VSS_RME_RESTORE_IF_CAN_REPLACE), (record) => {
    record.restoreTarget = RT.VSS_RT_DIRECTED
    record.addDirectedTarget({
      ...{ sourcePath: '/d', sourceFilespec: 'x.db', sourceRanges: '0:8' },
      ...{ destinationPath: '/t', destinationFilespec: 'y.db', destinationRanges: '100:8' },
    })
  })
  t.is(restore?.way, 'directed')
  t.is(restore?.entries.length, 1)
  const [entry] = restore?.entries ?? []
  t.like(entry, { path: '/d', filespec: 'x.db', destination: '/t', reason: 'directed' })
  t.is(entry?.directedTarget?.destinationRanges, '100:8')
  t.is(entry?.destinationOf('/d/x.db'), '/t/y.db')
  t.true(entry?.includes('/d/x.db'))
  t.false(entry?.includes('/d/z.db'))
})

test('R130: files of an alternate path are restored to the normal one, and recursive ones keep their directories', async (t) => {
  const files = [{ path: '/d', from: '/spit', recursive: true }]
  const [restore] = await planned(
    writerWith(RME.VSS_RME_STOP_RESTORE_START, { components: [{ name: 'c', files }] }),
  )
  const [entry] = restore?.entries ?? []
  t.is(entry?.destination, '/d')
  t.is(entry?.destinationOf('/d/a/b'), '/d/a/b')
  t.throws(() => entry?.destinationOf('/spit/a'), { instanceOf: VssError, message: /E_INVALIDARG/ })
  const moved = [{ path: '/d', recursive: true, to: '/m' }]
  const [mapped] = await planned(
    writerWith(RME.VSS_RME_RESTORE_TO_ALTERNATE_LOCATION, {
      components: [{ name: 'c', files }],
      mappings: moved,
    }),
  )
  t.is(mapped?.entries[0]?.destinationOf('/d/a/b'), '/m/a/b')
})

test('R138: a selected component is restored with all below it, or only the subcomponents that were added', async (t) => {
  const writer: TestWriter = {
    components: [
      component,
      { name: 'c\\s', selectableForRestore: true, files: [{ path: '/s' }] },
      { name: 'c\\s\\deep', files: [{ path: '/deep' }] },
      { name: 'c\\fixed', files: [{ path: '/f' }] },
    ],
  }
  const namesOf = (restores: ComponentRestore[]): string[] =>
    restores.map(({ component: one }) => one.componentName)
  t.deepEqual(namesOf(await planned(writer)), ['c', 's', 'deep', 'fixed'])
  const add = (name: string) => (record: ComponentRecord) => {
    const { logicalPath, componentName } = splitName(name)
    record.addRestoreSubcomponent({ logicalPath: logicalPath ?? '', componentName, repair: false })
  }
  t.deepEqual(namesOf(await planned(writer, add('c\\s'))), ['s', 'deep'])
  const refused = await t.throwsAsync(planned(writer, add('c\\fixed')), { instanceOf: VssError })
  t.is(refused?.code, 'E_INVALIDARG')
  const unknown = await t.throwsAsync(planned(writer, add('c\\gone')), { instanceOf: VssError })
  t.is(unknown?.code, 'VSS_E_OBJECT_NOT_FOUND')
  t.deepEqual(await planned(writer, unselect), [])
})

test('R137: a writer that takes no part in restores is restored from the stored documents, without being selected', async (t) => {
  const never = {
    method: RME.VSS_RME_RESTORE_IF_CAN_REPLACE,
    writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
  }
  const writer = { components: [component], method: never }
  t.is(await way(writer, unselect), 'original /d')
  t.is(await way(writerWith(RME.VSS_RME_CUSTOM), unselect), 'custom undefined')
  t.deepEqual(await planned(writer, unselect, { withoutWriter: () => false }), [])
})

test('whether files are in the way is looked up on the system, by what is in the backup or by the file set', async (t) => {
  const directory = temporaryDirectory(t)
  const files = [{ path: directory, filespec: '*.db' }]
  const writer = writerWith(RME.VSS_RME_RESTORE_IF_NOT_THERE, { components: [{ name: 'c', files }] })
  const onSystem = { probe: systemProbe, files: undefined } as unknown as Partial<RestorePlanOptions>
  writeFileSync(join(directory, 'other.log'), '')
  t.is(await way(writer, undefined, onSystem), `original ${directory}`)
  writeFileSync(join(directory, 'x.db'), '')
  t.is(await way(writer, undefined, onSystem), 'impossible VSS_E_OBJECT_ALREADY_EXISTS')
  const inBackup = { ...onSystem, files: () => [join(directory, 'y.db')] }
  t.is(await way(writer, undefined, inBackup), `original ${directory}`)
})

test('a file can be replaced unless a directory has its name or a file is where its directory should be', async (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'taken'))
  writeFileSync(join(directory, 'file'), '')
  t.true(await systemProbe.canReplace(join(directory, 'file')))
  t.true(await systemProbe.canReplace(join(directory, 'new/deep/x')))
  t.false(await systemProbe.canReplace(join(directory, 'taken')))
  t.false(await systemProbe.canReplace(join(directory, 'file/x')))
})

test('a signal ends the plan', async (t) => {
  const metadata = metadataOf({ components: [component] })
  const plan = new RestorePlan(pairDocuments(documentOf([[metadata, ['c']]]), [metadata]), {
    backupType: VSS_BACKUP_TYPE.VSS_BT_FULL,
  })
  const error = await t.throwsAsync(plan.components({ signal: AbortSignal.abort('enough') }).next(), {
    instanceOf: VssError,
  })
  t.is(error?.code, 'VSS_S_ASYNC_CANCELLED')
})
