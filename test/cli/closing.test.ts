// A command succeeds when all that it had open was closed, and not before.
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { run } from '../../lib/cli/program.ts'
import { partitionDisk } from '../../lib/demo/disk.ts'
import { VssError } from '../../lib/errors.ts'
import { temporaryDirectory } from './command.ts'

interface Ended {
  code: number
  lines: Record<string, unknown>[]
}

/** Runs a command in this process; closing an array fails then, as it does on a full disk. */
async function runOnFullDisk(...argv: string[]): Promise<Ended> {
  const { write } = process.stdout
  const { close } = StorageArray.prototype
  let text = ''
  process.stdout.write = (part) => {
    text += String(part)
    return true
  }
  StorageArray.prototype.close = async function (this: StorageArray) {
    await close.call(this)
    throw new VssError('ERR_NO_SPACE', 'the last checkpoint')
  }
  try {
    const code = await run([...argv, '--json'])
    return { code, lines: text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line))) }
  } finally {
    process.stdout.write = write
    StorageArray.prototype.close = close
    process.exitCode = 0
  }
}

async function arrayWithSnapshot(t: ExecutionContext): Promise<Record<string, string>> {
  const directory = temporaryDirectory(t)
  const dir = join(directory, 'array')
  let lun: string
  {
    await using array = await StorageArray.create(dir)
    lun = await array.createLun(4 << 20)
    await using opened = await array.openLun(lun)
    await partitionDisk(opened, 'data')
  }
  return { directory, dir, lun }
}

test.serial('a command whose array cannot be closed prints the error, and no result before it', async (t) => {
  const { directory = '', dir = '', lun = '' } = await arrayWithSnapshot(t)
  for (const argv of [
    ['array', 'create', join(directory, 'other')],
    ['array', 'info', dir],
    ['array', 'check', dir],
    ['lun', 'create', dir, '1M'],
    ['lun', 'list', dir],
    ['lun', 'inspect', dir, lun],
    ['snapshot', 'create', dir, lun],
    ['snapshot', 'list', dir],
  ]) {
    const { code, lines } = await runOnFullDisk(...argv)
    t.is(code, 6, argv.join(' '))
    t.deepEqual(
      lines.map((line) => (line['error'] as { code?: string } | undefined)?.code),
      ['ERR_NO_SPACE'],
      argv.join(' '),
    )
  }
})
