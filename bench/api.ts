/**
 * What the way through the addon costs: 4 KiB random writes through `Lun.write` against `filehandle.write` of
 * node:fs/promises, on the same file at the same depth, in alternating slices of one run.
 *
 *     npm run bench -- api [--json] [--dir DIR] [--check]
 *
 * DIR is /dev/shm unless told otherwise: a file system in memory, so that nothing but the way is measured. The file is
 * the base file of a LUN without copies, prewritten; while one side writes, the other is still.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageArray } from 'holdfast'
import { judge } from './support/bars.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { median, medianInterval, quantile, rounded } from './support/stats.ts'

const lunBytes = 256 * 2 ** 20
const pageBytes = 4096
const depth = 32
const sliceMillis = 1000
const slicesPerSide = 10

type WritePage = (offsetBytes: number, page: Buffer) => Promise<unknown>
interface Slice {
  iops: number
  p99Micros: number
}

async function runSlice(write: WritePage): Promise<Slice> {
  const latencies: number[] = []
  const start = performance.now()
  const end = start + sliceMillis
  const chain = async (): Promise<void> => {
    const page = Buffer.alloc(pageBytes, 0x5a)
    for (let now = performance.now(); now < end; ) {
      await write(Math.floor(Math.random() * (lunBytes / pageBytes)) * pageBytes, page)
      const after = performance.now()
      latencies.push(after - now)
      now = after
    }
  }
  await Promise.all(Array.from({ length: depth }, chain))
  const seconds = (performance.now() - start) / 1000
  return { iops: latencies.length / seconds, p99Micros: quantile(latencies, 0.99) * 1000 }
}

const options = benchOptions()
const dir = await mkdtemp(join(options.dir ?? '/dev/shm', 'holdfast-bench-'))
try {
  await using array = await StorageArray.create(join(dir, 'array'))
  const guid = await array.createLun(lunBytes)
  await using lun = await array.openLun(guid)
  const megabyte = Buffer.alloc(2 ** 20, 1)
  for (let at = 0; at < lunBytes; at += megabyte.length) await lun.write(at, megabyte)
  await lun.flush()
  const info = await lun.inspect()
  await using file = await open(info.basePath, 'r+')

  const sides: Record<'lun' | 'fs', WritePage> = {
    lun: (offsetBytes, page) => lun.write(offsetBytes, page),
    fs: (offsetBytes, page) => file.write(page, 0, pageBytes, offsetBytes),
  }
  const slices: Record<'lun' | 'fs', Slice[]> = { lun: [], fs: [] }
  const count = options.quick ? 2 : slicesPerSide
  for (let i = 0; i < count; i++) {
    // A B B A: a drift of the machine falls on both.
    const order = i % 2 === 0 ? (['lun', 'fs'] as const) : (['fs', 'lun'] as const)
    for (const side of order) slices[side].push(await runSlice(sides[side]))
  }

  const ratios = slices.lun.map((slice, i) => slice.iops / (slices.fs[i] as Slice).iops)
  const interval = medianInterval(ratios)
  const rows = (['lun', 'fs'] as const).map((side) => ({
    driver: side === 'lun' ? 'Lun.write' : 'filehandle.write',
    depth,
    iops: Math.round(median(slices[side].map((slice) => slice.iops))),
    p99Us: rounded(median(slices[side].map((slice) => slice.p99Micros))),
  }))
  const ratio = rounded(median(ratios), 2)
  printMachine()
  printTable(
    ['driver', 'depth', 'IOPS', 'p99 µs'],
    rows.map((row) => [row.driver, row.depth, row.iops, row.p99Us]),
  )
  console.log(
    `Lun.write reaches ${ratio} × filehandle.write (95 %: ${rounded(interval.low, 2)} to ${rounded(interval.high, 2)})`,
  )
  judge([{ name: 'Lun.write : filehandle.write', measured: ratio, limit: 3, kind: 'least' }], options.check)
  if (options.json) {
    const { low, high } = interval
    console.log(JSON.stringify({ bench: 'api', rows, ratio, low: rounded(low, 2), high: rounded(high, 2) }))
  }
} finally {
  await rm(dir, { recursive: true, force: true })
}
