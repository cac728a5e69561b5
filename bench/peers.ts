/**
 * A group snapshot under load, here and in qemu-storage-daemon, over the same files.
 *
 *     npm run bench -- peers [--json] [--dir DIR] [--quick]
 *
 * Four raw images of 512 MiB on /dev/shm (or in DIR), 4 KiB random writes at depth 16 on each. The array adopts them
 * and takes shadow copy sets of all four; qemu-storage-daemon has them as nodes, exported through NBD, and takes
 * snapshots of all four in one QMP transaction. Each is loaded without and with ten snapshots. What differs and has
 * to be kept in mind: the array is loaded inside its own process and its sets are durable when they are counted; the
 * daemon is loaded by fio through a socket, and its overlays are made beforehand and not synced.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runDriver } from './drivers/driver.ts'
import { fioIsThere } from './drivers/fio.ts'
import { StorageDaemon, storageDaemonIsThere } from './drivers/storage-daemon.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { median, rounded } from './support/stats.ts'

interface Group {
  setMillis: number[]
  iops: number
  longestWriteMillis: number
}

const imageBytes = 512 * 2 ** 20
const imageCount = 4
const depth = 16
const options = benchOptions()
const seconds = options.quick ? 3 : 20
const snapshots = options.quick ? 2 : 10

const missing = [
  ...(storageDaemonIsThere() ? [] : ['qemu-storage-daemon (Debian: qemu-system-common)']),
  ...(fioIsThere() ? [] : ['fio']),
]
if (missing.length > 0) {
  console.error(`peers needs what is not installed: ${missing.join(', ')}`)
  process.exit(2)
}

const directory = await mkdtemp(join(options.dir ?? '/dev/shm', 'holdfast-bench-'))

async function makeImages(name: string): Promise<string[]> {
  const megabyte = Buffer.alloc(2 ** 20, 0x5a)
  const images = Array.from({ length: imageCount }, (_, i) => join(directory, `${name}-${i}.raw`))
  for (const image of images) {
    await using file = await open(image, 'w')
    for (let at = 0; at < imageBytes; at += megabyte.length)
      await file.write(megabyte, 0, megabyte.length, at)
    await file.sync()
  }
  return images
}

async function ours(images: readonly string[], count: number): Promise<Group> {
  const array = await mkdtemp(join(directory, 'array-'))
  try {
    return await runDriver<Group>('group_load', [
      join(array, 'array'),
      depth,
      seconds * 1000,
      count,
      ...images,
    ])
  } finally {
    await rm(array, { recursive: true })
  }
}

async function theirs(images: readonly string[], count: number): Promise<Group> {
  const daemon = await StorageDaemon.start(directory, images, true)
  try {
    const load = daemon.load(depth, seconds * 1000)
    const setMillis: number[] = []
    for (let i = 1; i <= count; i++) {
      await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / (count + 2)))
      setMillis.push(await daemon.snapshot(imageBytes, true))
    }
    return { setMillis, ...(await load) }
  } finally {
    await daemon.close()
  }
}

try {
  const images = await makeImages('image')
  const rows = []
  for (const [peer, run] of [
    ['holdfast', ours],
    ['qemu-storage-daemon', theirs],
  ] as const) {
    for (const count of [0, snapshots]) {
      console.error(`${peer}, ${count} snapshots …`)
      const group = await run(images, count)
      rows.push({
        peer,
        snapshots: group.setMillis.length,
        snapshotMs: {
          p50: rounded(median(group.setMillis), 2),
          max: rounded(Math.max(...group.setMillis), 2),
        },
        iops: Math.round(group.iops),
        longestWriteMs: rounded(group.longestWriteMillis, 2),
      })
    }
  }
  printMachine()
  printTable(
    ['peer', 'snapshots', 'ms p50', 'max', 'IOPS', 'longest write ms'],
    rows.map((row) => [
      ...[
        row.peer,
        row.snapshots,
        row.snapshots > 0 ? row.snapshotMs.p50 : '',
        row.snapshots > 0 ? row.snapshotMs.max : '',
      ],
      ...[row.iops, row.longestWriteMs],
    ]),
  )
  if (options.json) console.log(JSON.stringify({ bench: 'peers', luns: imageCount, depth, rows }))
} finally {
  await rm(directory, { recursive: true, force: true })
}
