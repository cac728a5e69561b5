/**
 * `holdfast bench`: the benchmark by which Holdfast is judged, on the user's own machine.
 *
 * It runs in a process of its own, with nothing of the command loaded beside what is measured.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { VssError } from '../errors.ts'

interface BenchFlags {
  dir?: string
  json?: boolean
  quick?: boolean
  check?: boolean
}

export function addBenchCommand(program: Command): void {
  const bench = program.command('bench').description('measure this machine')
  bench
    .command('commit')
    .description(
      'how long a snapshot set holds the writes of up to 64 LUNs, beside one fdatasync of the same disk',
    )
    .option('--dir <directory>', 'the disk to measure; a temporary directory otherwise')
    .option('--quick', 'few sets: to see it run, not to measure')
    .option('--check', 'exit code 1 if a bar is not met')
    .option('--json', 'one JSON object on the last line')
    .addHelpText('after', '\nTakes about five minutes, and 1 GiB of the disk for its load.')
    .action(async (flags: BenchFlags) => runBench('commit', flags))
}

async function runBench(name: string, { dir, json, quick, check }: BenchFlags): Promise<void> {
  const path = fileURLToPath(new URL(`../bench/${name}.js`, import.meta.url))
  if (!existsSync(path)) {
    throw new VssError(
      'VSS_E_NOT_SUPPORTED',
      `the benchmark is part of the built package; there is no ${path}`,
    )
  }
  const args = [
    ...(dir === undefined ? [] : ['--dir', dir]),
    ...(json === true ? ['--json'] : []),
    ...(quick === true ? ['--quick'] : []),
    ...(check === true ? ['--check'] : []),
  ]
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, forward)
  const [code] = (await once(child, 'exit')) as [number | null]
  for (const signal of signals) process.off(signal, forward)
  process.exitCode = code ?? 1
}
