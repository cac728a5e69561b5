// The test requester and the test writer against one another, over a machine without volumes and over faked ones.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { VssError } from '../../lib/errors.ts'
import { runBetest } from '../../lib/test-kit/betest.ts'
import { coordinatorWithoutVolumes } from '../../lib/test-kit/no-volumes.ts'
import { TEST_WRITER_ID, TestWriter } from '../../lib/test-kit/test-writer.ts'
import { parseTestWriterConfig } from '../../lib/test-kit/test-writer-config.ts'
import type { ComponentData } from '../../lib/writer/component-data.ts'
import { World } from '../helpers/fakes/world.ts'

const declared = (attributes: string, content = ''): string =>
  `<Component componentType="filegroup" ${attributes}>${content}</Component>`

function writerOf(content: string): TestWriter {
  return new TestWriter({ config: parseTestWriterConfig(`<TestWriter>${content}</TestWriter>`) })
}

test('a rehearsal runs a whole backup of a writer where there is no volume', async (t) => {
  await using coordinator = coordinatorWithoutVolumes()
  const writer = writerOf(declared('componentName="c"'))
  await writer.subscribe(coordinator)
  const report = await runBetest(coordinator)
  t.deepEqual(writer.events, [
    'Identify',
    'PrepareForBackup',
    'PrepareForSnapshot',
    'Freeze',
    'Thaw',
    'PostSnapshot',
    'BackupComplete',
    'BackupShutdown',
  ])
  t.deepEqual(writer.problems, [])
  t.deepEqual(report.failedWriters, [])
  t.deepEqual(
    report.statuses.map(({ after }) => after),
    ['prepareForBackup', 'doSnapshotSet', 'backupComplete'],
  )
  t.regex(report.document, /componentName="c"/)
  t.is(report.metadata.length, 1)
})

test('R124: the requester adds required components and the tops of trees; the writer complains of one left out', async (t) => {
  await using coordinator = coordinatorWithoutVolumes()
  const writer = writerOf(
    declared('componentName="required" selectable="no"') +
      declared('componentName="top"') +
      declared('componentName="below" logicalPath="top"') +
      declared('componentName="deep" logicalPath="top\\below" selectable="no"'),
  )
  await writer.subscribe(coordinator)
  const report = await runBetest(coordinator)
  t.deepEqual(
    report.components.map(({ componentName }) => componentName),
    ['required', 'top'],
  )
  t.deepEqual(writer.problems, [])
  await runBetest(coordinator, {
    config: {
      writers: [{ writerId: TEST_WRITER_ID, components: [{ componentName: 'below', logicalPath: 'top' }] }],
    },
  })
  t.deepEqual(writer.problems, ["required component 'required' was left out"])
})

test('what is configured and not there is refused by name, and the backup is released', async (t) => {
  await using coordinator = coordinatorWithoutVolumes()
  const writer = writerOf(declared('componentName="c"'))
  await writer.subscribe(coordinator)
  for (const [writerId, componentName, culprit] of [
    [TEST_WRITER_ID, 'missing', 'missing'],
    ['00000000-0000-4000-8000-000000000001', 'c', '00000000-0000-4000-8000-000000000001'],
  ] as const) {
    const config = { writers: [{ writerId, components: [{ componentName, logicalPath: undefined }] }] }
    await t.throwsAsync(runBetest(coordinator, { config }), { code: 'VSS_E_OBJECT_NOT_FOUND' }, culprit)
  }
  t.deepEqual((await runBetest(coordinator)).failedWriters, [])
})

test('R163: a writer that vetoes is reported, and with stopOnError ends the backup, which is aborted', async (t) => {
  await using coordinator = coordinatorWithoutVolumes()
  const writer = writerOf(`${declared('componentName="c"')}<FailEvent writerEvent="PrepareForBackup"/>`)
  await writer.subscribe(coordinator)
  t.deepEqual((await runBetest(coordinator)).failedWriters, ['Holdfast Test Writer'])
  const error = await t.throwsAsync<VssError>(runBetest(coordinator, { stopOnError: true }))
  t.is(error?.code, 'VSS_E_UNEXPECTED_WRITER_ERROR')
  t.true(writer.events.includes('Abort'))
})

test('a component that could not be copied fails its backup, and its writer says so', async (t) => {
  await using coordinator = coordinatorWithoutVolumes()
  const writer = writerOf(declared('componentName="good"') + declared('componentName="bad"'))
  await writer.subscribe(coordinator)
  const report = await runBetest(coordinator, { copy: async ({ componentName }) => componentName === 'good' })
  t.deepEqual(
    report.components.map(({ succeeded }) => succeeded),
    [true, false],
  )
  t.deepEqual(writer.problems, ["component 'bad' was not backed up"])
})

test('the requester makes shadow copies of the volumes it is told, persistent ones if it is told', async (t) => {
  const world = new World()
  const { volumeName } = world.host.addVolume()
  await world.addProvider('array')
  const run = (persistent: boolean): ReturnType<typeof runBetest> =>
    world.clock.run(runBetest(world.coordinator, { volumes: [volumeName], persistent }))
  t.is((await run(false)).snapshots.length, 1)
  t.is(
    world.coordinator.catalogue.query(0xffff_ffff).length,
    0,
    'auto-release copies went with the requester',
  )
  const { snapshots } = await run(true)
  t.deepEqual(
    world.coordinator.catalogue.query(0xffff_ffff).map(({ snapshotId }) => snapshotId),
    snapshots.map(({ snapshotId }) => snapshotId),
  )
})

test('a test writer hands over partial and differenced files of each component', async (t) => {
  await using coordinator = coordinatorWithoutVolumes()
  const writer = writerOf(
    declared(
      'componentName="c"',
      `<ComponentFile path="/srv/nowhere" filespec="*"/>
      <PartialFile path="/srv/nowhere" filespec="big" ranges="0:512"/>
      <DifferencedFile path="/srv/nowhere" filespec="*" recursive="no" year="2030"/>`,
    ),
  )
  await writer.subscribe(coordinator)
  const { document, failedWriters } = await runBetest(coordinator)
  t.deepEqual(failedWriters, [])
  t.regex(document, /filespec="big"/)
  t.regex(document, /0:512/)
})

test('after a restore a test writer tells what is missing, changed or should not be there', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-test-writer-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  for (const name of ['kept', 'changed', 'gone']) await writeFile(join(directory, name), name)
  const writer = writerOf(
    `<ExcludeFile path="${directory}" filespec="*.tmp" recursive="no"/>` +
      declared('componentName="c"', `<ComponentFile path="${directory}" filespec="*" recursive="yes"/>`),
  )
  await using coordinator = coordinatorWithoutVolumes()
  await writer.subscribe(coordinator)
  await runBetest(coordinator)
  t.deepEqual(writer.problems, [])
  await writeFile(join(directory, 'changed'), 'by the restore')
  await writeFile(join(directory, 'x.tmp'), '')
  await rm(join(directory, 'gone'))
  const [connection] = coordinator.writers
  const component: ComponentData = {
    componentType: 2,
    logicalPath: '',
    componentName: 'c',
    selectedForRestore: true,
    fileRestoreStatus: 1,
    differencedFiles: [],
    partialFiles: [],
  }
  const state = {
    restoreType: 1,
    selectComponents: true,
    backupBootableSystemState: false,
    backupType: 1,
    partialFileSupport: true,
  } as const
  const operationId = '00000000-0000-4000-8000-000000000001'
  await connection?.deliver({ type: 'PostRestore', operationId, state, components: [component] })
  t.deepEqual(
    writer.problems.toSorted(),
    [
      `${join(directory, 'changed')} is not as it was backed up`,
      `${join(directory, 'gone')} is not back`,
      `${join(directory, 'x.tmp')} is excluded, and there`,
    ].toSorted(),
  )
})
