// What a demo does to files that are there already: nothing, unless a demo made them.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { runImageDemo } from '../../lib/demo/image-demo.ts'
import type { DemoReport } from '../../lib/demo/report.ts'
import { VssError } from '../../lib/errors.ts'
import { temporaryDirectory } from '../host/machine.ts'
import { gptBytes } from './memory-disk.ts'

const EXISTS = { instanceOf: VssError, code: 'VSS_E_OBJECT_ALREADY_EXISTS' }

interface Watching {
  force?: boolean
  signal?: AbortSignal
  onPhase?: (title: string) => void
}

function demo(
  images: readonly string[],
  out: string,
  { force = false, signal = new AbortController().signal, onPhase = () => undefined }: Watching = {},
): Promise<DemoReport> {
  const progress = { phase: onPhase, note: () => undefined, advance: () => undefined }
  return runImageDemo({ images, out, force, progress, signal })
}

function imageIn(directory: string, name: string): string {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, name)
  writeFileSync(path, gptBytes())
  return path
}

/** All names in a directory with what is in the files. */
function contentsOf(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'base64')]),
  )
}

async function refused(t: ExecutionContext, demonstrating: Promise<DemoReport>, path: string): Promise<void> {
  const error = await t.throwsAsync<VssError>(demonstrating, EXISTS)
  t.is(error.culprit, path)
}

test('an image that is given is not replaced by the copy of another, not even by force', async (t) => {
  const out = temporaryDirectory(t)
  const disk = imageIn(out, 'disk.img')
  t.true((await demo([disk], out)).verified)
  // It is a copy of the first run, which that run's report names.
  const volume = join(out, 'disk.p1.img')
  writeFileSync(volume, gptBytes())
  const before = contentsOf(out)
  for (const force of [false, true]) {
    await refused(t, demo([disk, volume], out, { force }), volume)
    t.deepEqual(contentsOf(out), before)
  }
})

test("a user's files stay, unless they are to be replaced by force", async (t) => {
  const directory = temporaryDirectory(t)
  const [disk, out] = [imageIn(directory, 'disk.img'), join(directory, 'out')]
  mkdirSync(out)
  for (const name of ['disk.p1.img', 'report.json', 'backup-components.xml']) {
    writeFileSync(join(out, name), '{"files":[]}')
    await refused(t, demo([disk], out), join(out, name))
    t.deepEqual(contentsOf(out), { [name]: Buffer.from('{"files":[]}').toString('base64') })
    rmSync(join(out, name))
  }
  writeFileSync(join(out, 'disk.p1.img'), 'precious')
  t.true((await demo([disk], out, { force: true })).verified)
  t.not(readFileSync(join(out, 'disk.p1.img'), 'utf8'), 'precious')
})

test('a link in the way stays, and what it leads to', async (t) => {
  const out = temporaryDirectory(t)
  const disk = imageIn(out, 'disk.img')
  const [link, target] = [join(out, 'disk.p1.img'), join(out, 'elsewhere')]
  symlinkSync(target, link)
  for (const force of [false, true]) await refused(t, demo([disk], out, { force }), link)
  t.false(existsSync(target))
})

test('a later demo replaces what earlier ones made, also after the directory was moved', async (t) => {
  const directory = temporaryDirectory(t)
  const [first, out] = [join(directory, 'first'), join(directory, 'out')]
  const disk = imageIn(directory, 'disk.img')
  const other = imageIn(directory, 'other.img')
  await demo([disk], first)
  renameSync(first, out)
  const second = await demo([other], out)
  t.deepEqual(second.earlierFiles, [join(out, 'disk.p1.img')])
  t.false(second.files.includes(join(out, 'disk.p1.img')))
  const third = await demo([disk], out)
  t.deepEqual(third.earlierFiles, [join(out, 'other.p1.img')])
  t.deepEqual(
    readdirSync(out).sort(),
    ['backup-components.xml', 'disk.p1.img', 'other.p1.img', 'report.json'].sort(),
  )
})

test('a demo that is interrupted, whenever, leaves what was there and nothing else', async (t) => {
  const directory = temporaryDirectory(t)
  const [disk, out] = [imageIn(directory, 'disk.img'), join(directory, 'out')]
  const reason = new Error('enough')
  const interruptedAt = async (images: readonly string[], title: string): Promise<void> => {
    const controller = new AbortController()
    const onPhase = (now: string): void => {
      if (now === title) controller.abort(reason)
    }
    const error = await t.throwsAsync(demo(images, out, { signal: controller.signal, onPhase }))
    t.true(controller.signal.aborted, `${title}: ${error?.stack}`)
    t.true(error === reason || error?.cause === reason, `${title}: ${error?.message}`)
  }
  await interruptedAt([disk], 'Proving the copies')
  t.false(existsSync(out), 'a directory that was made for nothing')
  await demo([disk], out)
  const before = contentsOf(out)
  for (const title of ['Copying out of the shadow copies', 'Proving the copies', 'Giving the images back']) {
    await interruptedAt([disk], title)
    t.deepEqual(contentsOf(out), before, title)
  }
})

test('a file that appears while the demo is at work stays, and so does all else', async (t) => {
  const directory = temporaryDirectory(t)
  const [disk, out] = [imageIn(directory, 'disk.img'), join(directory, 'out')]
  const mine = join(out, 'disk.p1.img')
  const onPhase = (title: string): void => {
    if (title === 'Giving the images back') writeFileSync(mine, 'precious')
  }
  await refused(t, demo([disk], out, { onPhase }), mine)
  t.deepEqual(contentsOf(out), { 'disk.p1.img': Buffer.from('precious').toString('base64') })
})

test('no two images get the same name', async (t) => {
  const directory = temporaryDirectory(t)
  const images = [
    imageIn(join(directory, 'a'), 'x.img'),
    imageIn(directory, 'x-3.img'),
    imageIn(join(directory, 'b'), 'x.img'),
    imageIn(join(directory, 'c'), 'x.img'),
  ]
  const { volumes, verified } = await demo(images, join(directory, 'out'))
  t.true(verified)
  t.deepEqual(
    volumes.map(({ image }) => basename(image)),
    ['x.p1.img', 'x-3.p1.img', 'x-2.p1.img', 'x-4.p1.img'],
  )
})

test('a directory that cannot be made is refused', async (t) => {
  const directory = temporaryDirectory(t)
  const disk = imageIn(directory, 'disk.img')
  const below = await t.throwsAsync<VssError>(demo([disk], join(disk, 'out')), { instanceOf: VssError })
  t.is(below.code, 'VSS_E_OBJECT_NOT_FOUND')
  await refused(t, demo([disk], disk), disk)
  const inProc = await t.throwsAsync<VssError>(demo([disk], '/proc/holdfast/out'), { instanceOf: VssError })
  t.true(inProc.text.includes('/proc/holdfast'), inProc.text)
})

test('a second demo into a directory that one is at work in is refused, and the first is not disturbed', async (t) => {
  const directory = temporaryDirectory(t)
  const out = join(directory, 'out')
  const disk = imageIn(directory, 'disk.img')
  const other = imageIn(join(directory, 'b'), 'other.img')
  let second: Promise<void> | undefined
  const first = await demo([disk], out, {
    onPhase: () => {
      second ??= refused(t, demo([other], join(directory, 'b', '..', 'out')), out)
    },
  })
  await second
  t.not(second, undefined)
  t.true(first.verified)
  t.true((await demo([other], out, { force: true })).verified, 'the first has ended')
})
