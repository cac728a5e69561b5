/** holdfast demo: the main job, end to end. What `npm start` runs. */
import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import type { TimelineEntry } from '../coordinator/timeline.ts'
import type { Check } from '../demo/check.ts'
import { runImageDemo } from '../demo/image-demo.ts'
import { runLedgerDemo } from '../demo/ledger-demo.ts'
import type { DemoReport } from '../demo/report.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { interruptible } from './interrupt.ts'
import { errorRecord, give, microsText, type OutputOptions, table } from './output.ts'
import { StderrProgress } from './progress.ts'

interface DemoCommandOptions extends OutputOptions {
  out: string
  image?: string[]
  force?: boolean
}

const AFTER_HELP = `
Ends with 0 only if the result was verified.
A file that is in --out already is replaced only if the report.json there is one of a demo and names the
file, or with --force; an image that is given is never replaced. All files are put in place at the end,
together: a demo that fails or is interrupted leaves there what was there.`

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('take a consistent shadow copy set of LUNs under load, back it up, and prove the result')
    .option('--image <file...>', 'use these raw disk images as LUNs, without copying them and without loads')
    .option('--out <dir>', 'where images, documents and report.json are left', './holdfast-out')
    .option('--force', 'replace plain files of the same names in that directory, whoever made them')
    .option('--json', 'print one JSON object on the last line')
    .addHelpText('after', AFTER_HELP)
    .action(async (options: DemoCommandOptions) => {
      const progress = new StderrProgress()
      const out = resolve(options.out)
      const force = options.force === true
      try {
        const report = await interruptible((signal) =>
          options.image === undefined
            ? runLedgerDemo({ out, force, progress, signal })
            : runImageDemo({ images: options.image, out, force, progress, signal }),
        )
        progress.end()
        give(report, options, () => describe(report))
        if (!report.verified) process.exitCode = EXIT.failed
      } catch (thrown) {
        progress.end()
        if (options.json !== true) throw thrown
        give({ state: 'aborted', verified: false, checks: [], error: errorRecord(thrown) }, options, () => '')
        process.exitCode = exitCodeOf(thrown)
      }
    })
}

function describe(report: DemoReport): string {
  const { checks, holdMicros, freezeMillis, transactionsAtInstant, transactionsAfter } = report
  const transactions =
    transactionsAtInstant === null
      ? []
      : [`${transactionsAtInstant} transactions at the instant, ${transactionsAfter} more since the thaw`]
  return [
    'Who held whom',
    holders(report),
    'Time line',
    timeline(report.timeline),
    'Proof',
    table(['', 'check', 'looked at'], checks.map(checkRow)),
    ...transactions,
    ...report.warnings,
    report.summary,
    `${report.verified ? 'Verified' : 'NOT VERIFIED'}: set ${report.snapshotSetId} is ${report.state}, ` +
      `writes held ${holdMicros} µs, writers frozen ${freezeMillis.toFixed(1)} ms`,
    ...report.files.map((path) => `  ${shorter(path)}`),
  ].join('\n')
}

function holders({ frozenWriters, heldLuns, timeline: entries, holdMicros }: DemoReport): string {
  const inHold = entries.filter(({ kind, name }) => kind === 'provider' && name === 'commitSnapshots')
  return table(
    ['who', 'held whom', 'for', ''],
    [
      ...frozenWriters.map(({ writer, frozenMicros, closedBy }) => [
        'coordinator',
        `writer ${writer}`,
        microsText(frozenMicros),
        `frozen until ${closedBy}`,
      ]),
      ...inHold.map(({ party, durationMicros }) => [
        `provider ${party}`,
        'the hold',
        microsText(durationMicros),
        'in commitSnapshots',
      ]),
      ...heldLuns.map((held) => [
        'kernel support',
        held.lun,
        `${Math.round(held.holdMicros)} µs`,
        `${held.queuedWriteCount} writes waited, ${held.inFlightWriteCount} were in flight`,
      ]),
      ['the set', 'all writes', `${holdMicros} µs`, 'from the first gate closed to the last one opened'],
    ],
  )
}

function timeline(entries: readonly TimelineEntry[]): string {
  return table(
    ['at', 'took', 'kind', 'what', 'who'],
    entries.map(({ startMicros, durationMicros, kind, name, party, code }) => [
      microsText(startMicros),
      microsText(durationMicros),
      kind,
      code === undefined ? name : `${name}: ${code}`,
      party,
    ]),
  )
}

function checkRow(check: Check): string[] {
  if ('skipped' in check) return ['skipped', check.name, check.skipped]
  return [check.passed ? 'passed' : 'FAILED', check.name, check.detail]
}

function shorter(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}
