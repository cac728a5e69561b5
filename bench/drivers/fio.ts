/** fio over io_uring on a plain file: what the array is measured against. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

const execFileAsync = promisify(execFile)

export type Pattern = 'randwrite' | 'randread' | 'seqwrite'

export interface FioSlice {
  iops: number
  p99Us: number
}

interface FioSide {
  iops: number
  clat_ns: { percentile?: Record<string, number> }
}

export function fioIsThere(): boolean {
  return spawnSync('fio', ['--version'], { stdio: 'ignore' }).status === 0
}

/** Random 4 KiB or sequential 1 MiB requests for so long. The file has been written before. */
export async function fioSlice(
  path: string,
  options: { pattern: Pattern; depth: number; millis: number; sizeBytes: number; direct: boolean },
): Promise<FioSlice> {
  const { pattern, depth, millis, sizeBytes, direct } = options
  const sequential = pattern === 'seqwrite'
  const { stdout } = await execFileAsync('fio', [
    ...['--name=slice', '--ioengine=io_uring', '--thread', '--output-format=json', '--group_reporting'],
    ...[`--filename=${path}`, `--size=${sizeBytes}`, `--iodepth=${depth}`, `--direct=${direct ? 1 : 0}`],
    ...[`--rw=${sequential ? 'write' : pattern}`, `--bs=${sequential ? '1m' : '4k'}`],
    ...['--time_based', `--runtime=${millis}ms`, '--invalidate=0', '--randrepeat=0', '--norandommap'],
  ])
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    jobs: { read: FioSide; write: FioSide }[]
  }
  const job = report.jobs[0]
  if (job === undefined) throw new Error('fio reports no job')
  const side = pattern === 'randread' ? job.read : job.write
  return { iops: side.iops, p99Us: (side.clat_ns.percentile?.['99.000000'] ?? Number.NaN) / 1000 }
}
