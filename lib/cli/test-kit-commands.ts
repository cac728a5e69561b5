/** holdfast test-writer and holdfast betest: the test kit on the command line. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Coordinator } from '../coordinator/coordinator.ts'
import { BACKUP_TYPE } from '../document/names.ts'
import { VSS_WRITER_STATE } from '../enums.ts'
import { type BetestOptions, type BetestReport, runBetest } from '../test-kit/betest.ts'
import { parseBetestConfig } from '../test-kit/betest-config.ts'
import { coordinatorWithoutVolumes } from '../test-kit/no-volumes.ts'
import { TestWriter } from '../test-kit/test-writer.ts'
import { parseTestWriterConfig } from '../test-kit/test-writer-config.ts'
import { collect } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interrupt.ts'
import { closing, openService } from './opening.ts'
import { give, type OutputOptions, table } from './output.ts'

interface BetestFlags extends OutputOptions {
  writer?: string[]
  config?: string
  type: string
  bootable?: boolean
  components: boolean
  persistent?: boolean
  volume?: string[]
  stopError?: boolean
  dir?: string
}

export function addTestKitCommands(program: Command): void {
  program
    .command('test-writer')
    .description('rehearse a writer of this configuration: a whole backup on a machine without volumes')
    .argument('<config>', 'XML in the manner of the VSS Test Writer')
    .option('--metadata', 'print the metadata it would report, and nothing else')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nEnds with 0 if no writer failed and the requester did nothing wrong, as far as a writer can see.',
    )
    .action(async (path: string, options: OutputOptions & { metadata?: boolean }) => {
      const writer = await readWriter(path)
      if (options.metadata === true) {
        const xml = (await writer.getIdentityInformation()).toXml()
        give({ metadata: xml }, options, () => xml)
        return
      }
      await using coordinator = coordinatorWithoutVolumes()
      const report = await backUp(coordinator, [writer], {})
      finish(report, [writer], options)
    })

  program
    .command('betest')
    .description('drive a whole backup through every member, in the manner of BETest, and report')
    .argument('[array]', 'the directory of an array; without one the machine has no volumes')
    .option('--writer <config>', 'a test writer of this configuration takes part; may be repeated', collect)
    .option('--config <file>', 'the writers and components to select, as XML in the manner of BETest')
    .addOption(
      new Option('--type <type>', 'the kind of backup')
        .choices(['full', 'incremental', 'differential', 'log', 'copy'])
        .default('full'),
    )
    .option('--volume <name>', 'a volume of the set; may be repeated; all of the array otherwise', collect)
    .option('--bootable', 'back up the bootable system state')
    .option('--no-components', 'do not back up by component')
    .option('--persistent', 'the shadow copies stay')
    .option('--stop-error', 'end at the first writer that fails')
    .option('--dir <directory>', 'leave the documents of the backup there')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nNo file is copied: components count as backed up. Ends with 0 if no writer failed.',
    )
    .action(async (array: string | undefined, flags: BetestFlags) => {
      const writers = await Promise.all((flags.writer ?? []).map(readWriter))
      const options = await betestOptions(flags)
      const report =
        array === undefined
          ? await closing(Promise.resolve(coordinatorWithoutVolumes()), (coordinator) =>
              backUp(coordinator, writers, options),
            )
          : await closing(openService(array, await lunsOf(array), {}), ({ coordinator, host }) => {
              const volumes = options.volumes ?? host.volumes().map(({ name }) => name)
              return backUp(coordinator, writers, { ...options, volumes })
            })
      if (flags.dir !== undefined) await saveDocuments(resolve(flags.dir), report)
      finish(report, writers, flags)
    })
}

/** LUNs that are no shadow copies. */
async function lunsOf(array: string): Promise<string[]> {
  return closing(openService(array, [], {}), async (service) =>
    (await service.array.listLuns()).flatMap(({ guid, snapshotId }) => (snapshotId === null ? guid : [])),
  )
}

async function readWriter(path: string): Promise<TestWriter> {
  return new TestWriter({ config: parseTestWriterConfig(await readFile(path)) })
}

async function betestOptions(flags: BetestFlags): Promise<BetestOptions> {
  const options: BetestOptions = {
    components: flags.components,
    bootableState: flags.bootable === true,
    persistent: flags.persistent === true,
    stopOnError: flags.stopError === true,
  }
  const backupType = BACKUP_TYPE[flags.type]
  if (backupType !== undefined) options.backupType = backupType
  if (flags.volume !== undefined) options.volumes = flags.volume
  if (flags.config !== undefined) options.config = parseBetestConfig(await readFile(flags.config))
  return options
}

async function backUp(
  coordinator: Coordinator,
  writers: readonly TestWriter[],
  options: BetestOptions,
): Promise<BetestReport> {
  for (const writer of writers) await writer.subscribe(coordinator)
  try {
    return await interruptible((signal) => runBetest(coordinator, { ...options, signal }))
  } finally {
    for (const writer of writers) await writer.unsubscribe()
  }
}

async function saveDocuments(directory: string, report: BetestReport): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'BCD.xml'), report.document)
  for (const [index, { xml }] of report.metadata.entries()) {
    await writeFile(join(directory, `WM${index}.xml`), xml)
  }
}

function finish(report: BetestReport, writers: readonly TestWriter[], options: OutputOptions): void {
  const { document: _, metadata: __, ...told } = report
  const problems = writers.flatMap((writer) => writer.problems)
  const events = writers.map(({ identity, events }) => ({ writer: identity.writerName, events }))
  give({ ...told, events, problems }, options, () => describe(report, problems))
  if (report.failedWriters.length > 0 || problems.length > 0) process.exitCode = EXIT.failed
}

const STATES: Record<number, string> = Object.fromEntries(
  Object.entries(VSS_WRITER_STATE).map(([name, value]) => [value, name]),
)

function describe({ statuses, snapshots, components }: BetestReport, problems: readonly string[]): string {
  const rows = statuses.flatMap(({ after, writers }) =>
    writers.map(({ writerName, state, failure, message = '' }) => [
      after,
      writerName,
      STATES[state] ?? String(state),
      failure,
      message,
    ]),
  )
  return [
    table(['after', 'writer', 'state', 'failure', ''], rows),
    ...snapshots.map(({ volume, snapshotId }) => `shadow copy ${snapshotId} of ${volume}`),
    ...components.map(
      ({ componentName, succeeded }) =>
        `component ${componentName}: ${succeeded ? 'backed up' : 'NOT BACKED UP'}`,
    ),
    ...problems.map((problem) => `PROBLEM: ${problem}`),
  ].join('\n')
}
