// What a process or worker is doing when its end comes. Each scene goes as far as its name says and
// returns; runScene then says so to whoever watches, and ends as asked.
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { Lun } from '../../lib/array/lun.ts'
import { Lun as LunClass } from '../../lib/array/lun.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { binding, unwrap } from '../../lib/binding.ts'

export const lunBytes: number = 16 << 20

// Kept reachable, so that a scene's end is what ends it, and not the garbage collector.
const kept: unknown[] = []

/** Opens the array, made by the parent, and its one LUN. */
export async function openOnly(directory: string): Promise<{ array: StorageArray; lun: Lun }> {
  const array = await StorageArray.open(directory)
  const originals = (await array.listLuns()).filter(({ snapshotId }) => snapshotId === null)
  const lun = await array.openLun(String(originals[0]?.guid))
  kept.push(array, lun)
  return { array, lun }
}

export function startWrites(lun: Lun, count: number, firstPage: number = 0): Promise<void>[] {
  const page = Buffer.alloc(4096, 0x5a)
  const writes = Array.from({ length: count }, (_, i) => lun.write((firstPage + i) * 4096, page))
  // Whether they end is for the other side to see; this one may not live so long.
  for (const write of writes) write.catch(() => {})
  kept.push(writes)
  return writes
}

export async function arm(array: StorageArray, lun: Lun): Promise<string> {
  const setId = randomUUID()
  await array.armSet({
    setId,
    context: 0,
    autoRelease: false,
    vssFlags: 0n,
    createdAtFiletime: 0n,
    copies: [{ sourceGuid: lun.guid, snapshotId: randomUUID(), copyGuid: randomUUID() }],
  })
  return setId
}

export async function hold(setId: string, lun: Lun, limitMillis: number = 10_000): Promise<number> {
  return unwrap(await binding.hold(setId, [LunClass.handleOf(lun)], limitMillis, false))
}

async function captured(directory: string): Promise<{ array: StorageArray; lun: Lun; setId: string }> {
  const { array, lun } = await openOnly(directory)
  const setId = await arm(array, lun)
  unwrap(await binding.release(await hold(setId, lun)))
  return { array, lun, setId }
}

const scenes: Record<string, (directory: string) => Promise<unknown>> = {
  loaded: async () => undefined,
  engine: async () => binding.engineInfo(),
  opening: async (directory) => {
    kept.push(StorageArray.open(directory).catch(() => {}))
  },
  open: openOnly,
  reading: async (directory) => {
    const { lun } = await openOnly(directory)
    for (let i = 0; i < 500; i++) kept.push(lun.read(i * 4096, 4096).catch(() => {}))
  },
  writing: async (directory) => {
    const { lun } = await openOnly(directory)
    void startWrites(lun, 500)
  },
  flushing: async (directory) => {
    const { lun } = await openOnly(directory)
    await Promise.all(startWrites(lun, 50))
    kept.push(lun.flush().catch(() => {}))
  },
  armed: async (directory) => {
    const { array, lun } = await openOnly(directory)
    await arm(array, lun)
  },
  'held, with 500 writes waiting': async (directory) => {
    const { array, lun } = await openOnly(directory)
    void startWrites(lun, 100)
    await hold(await arm(array, lun), lun)
    void startWrites(lun, 500, 200)
    // Served behind the writes: when it is answered, they wait at the gate.
    await lun.read(0, 512)
  },
  captured,
  recording: async (directory) => {
    const { array, setId } = await captured(directory)
    kept.push(array.recordSet(setId).catch(() => {}))
  },
  recorded: async (directory) => {
    const { array, setId } = await captured(directory)
    await array.recordSet(setId)
  },
  closing: async (directory) => {
    const { array, lun } = await openOnly(directory)
    void startWrites(lun, 100)
    kept.push(array.close().catch(() => {}))
  },
  closed: async (directory) => {
    const { array } = await openOnly(directory)
    await array.close()
  },
}

export const sceneNames: readonly string[] = Object.keys(scenes)

// These go on for as long as they live.
const endlessScenes: Record<string, (directory: string) => Promise<unknown>> = {
  'writing on': writeOn,
  'in a flood of completions': async (directory) => {
    const { lun } = await openOnly(directory)
    const page = Buffer.alloc(4096, 0x44)
    const run = async (n: number): Promise<void> => {
      for (;;) {
        await lun.write(n * 4096, page)
        await lun.read(n * 4096, 4096)
      }
    }
    for (let n = 0; n < 256; n++) void run(n)
  },
}

/** Writes one page after the other for as long as it lives; asked for a report, tells the longest wait. */
async function writeOn(directory: string): Promise<void> {
  const { lun } = await openOnly(directory)
  const page = Buffer.alloc(4096, 0x33)
  let longest = { from: 0, to: 0 }
  parentPort?.once('message', () => parentPort?.postMessage(longest))
  const run = async (): Promise<void> => {
    let last = binding.monotonicMicros()
    for (;;) {
      await lun.write(12 << 20, page)
      const now = binding.monotonicMicros()
      if (now - last > longest.to - longest.from) longest = { from: last, to: now }
      last = now
    }
  }
  void run()
}

const endings: Record<string, () => void> = {
  // The event loop empties, or the worker is terminated from outside.
  nothing: () => {},
  wait: () => {
    setInterval(() => {}, 1000)
  },
  exit: () => process.exit(7),
  throw: () => {
    setImmediate(() => {
      throw new Error('thrown on purpose')
    })
  },
  kill: () => process.kill(process.pid, 'SIGKILL'),
}

export async function runScene(scene: string, directory: string, ending: string): Promise<void> {
  const run = scenes[scene] ?? endlessScenes[scene]
  const end = endings[ending]
  if (run === undefined || end === undefined) throw new Error(`no scene ${scene}, or no ending ${ending}`)
  await run(directory)
  if (parentPort === null) writeSync(1, 'reached\n')
  else parentPort.postMessage('reached')
  end()
}
