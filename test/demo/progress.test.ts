// What people see of a copy that takes its time. The clock is turned by the source that is being copied.
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { announce, StderrProgress } from '../../lib/cli/progress.ts'
import { sleep, systemClock } from '../../lib/clock.ts'
import { copyToImage } from '../../lib/demo/copy-volume.ts'
import { temporaryDirectory } from '../host/machine.ts'
import { MiB } from './memory-disk.ts'

interface Watched {
  said: string[]
  pass(millis: number): void
}

/** Takes over stderr and the clock until the test has ended; so these tests run one after the other. */
function watchStderr(t: ExecutionContext, isTTY: boolean, uptimeMillis: number): Watched {
  const said: string[] = []
  let now = uptimeMillis
  const replaced = [
    [process.stderr, 'write', (text: string) => said.push(text) > 0],
    [process.stderr, 'isTTY', isTTY],
    [performance, 'now', () => now],
  ] as const
  for (const [object, name, value] of replaced) {
    const before = Object.getOwnPropertyDescriptor(object, name)
    Object.defineProperty(object, name, { value, configurable: true, writable: true })
    t.teardown(() => {
      if (before === undefined) Reflect.deleteProperty(object, name)
      else Object.defineProperty(object, name, before)
    })
  }
  return {
    said,
    pass: (millis) => {
      now += millis
    },
  }
}

/** Copies an image of 8 MiB in steps of 1 MiB, each of which takes this long. */
async function copySlowly(
  t: ExecutionContext,
  stepMillis: number,
  isTTY: boolean,
  uptimeMillis = 1_000_000,
): Promise<string[]> {
  const path = join(temporaryDirectory(t), 'volume.img')
  const { said, pass } = watchStderr(t, isTTY, uptimeMillis)
  const progress = new StderrProgress()
  const source = {
    sizeBytes: 8 * MiB,
    read: async (_offsetBytes: number, lengthBytes: number) => Buffer.alloc(lengthBytes),
  }
  await copyToImage(source, path, {
    onAdvance: (doneBytes, totalBytes) => {
      progress.advance(path, doneBytes, totalBytes)
      pass(stepMillis)
    },
  })
  progress.end()
  return said.map((text) => text.replace(path, 'FILE'))
}

test.serial('a copy that takes longer than a second is told of in a log, every few seconds', async (t) => {
  t.deepEqual(await copySlowly(t, 1500, false), ['  FILE: 25 % of 8 MiB\n', '  FILE: 75 % of 8 MiB\n'])
})

test.serial('a log is told of a long copy in the first seconds of the process too', async (t) => {
  t.deepEqual(await copySlowly(t, 600, false, 300), ['  FILE: 37 % of 8 MiB\n'])
})

test.serial('on a terminal one line is written over, and taken away at the end', async (t) => {
  const said = await copySlowly(t, 600, true)
  t.deepEqual(
    said,
    [37, 50, 62, 75, 87, 100].map((percent) => `\r  FILE: ${percent} % of 8 MiB\x1b[K`).concat('\r\x1b[K'),
  )
})

for (const isTTY of [true, false]) {
  test.serial(`nothing is said of a copy that takes less than a second, terminal: ${isTTY}`, async (t) => {
    t.deepEqual(await copySlowly(t, 120, isTTY), [])
  })
}

test.serial('what takes longer than a second is announced once, what does not is not', async (t) => {
  const said: string[] = []
  const { write } = process.stderr
  process.stderr.write = (text) => said.push(String(text)) > 0
  try {
    await announce('at once', Promise.resolve())
    await announce('slowly', sleep(systemClock, 1100))
  } finally {
    process.stderr.write = write
  }
  t.deepEqual(said, ['slowly …\n'])
})
