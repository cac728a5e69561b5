// holdfast array and holdfast lun, run as a shell runs them.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { Command } from 'commander'
import { StorageArray } from '../../lib/array/storage-array.ts'
import type { CheckReport, DiffArea, LunInfo } from '../../lib/binding.ts'
import { makeProgram } from '../../lib/cli/program.ts'
import { newGuid } from '../../lib/ids.ts'
import { type ErrorResult, failure, holdfast, lastLine, result, temporaryDirectory } from './command.ts'

interface ArrayResult {
  id: string
  lunCount: number
  engine?: { engine: string; why: string }
}

interface LunResult {
  guid: string
  sizeBytes: number
}

test.serial('an array that was created has no LUN, is found whole, and is not created again', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  const { id } = await result<ArrayResult>(t, 'array', 'create', dir)
  const info = await result<ArrayResult>(t, 'array', 'info', dir)
  t.is(info.id, id)
  t.is(info.lunCount, 0)
  t.truthy(info.engine?.why)
  t.deepEqual((await result<CheckReport>(t, 'array', 'check', dir)).faults, [])
  t.deepEqual(await failure('array', 'create', dir), [4, 'ERR_ARRAY_EXISTS'])
})

test.serial('a LUN that was created is listed and inspected, and detached as a plain image', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  await result(t, 'array', 'create', dir)
  const made = await result<LunResult>(t, 'lun', 'create', dir, '4MiB')
  t.is(made.sizeBytes, 4 << 20)
  const { luns } = await result<{ luns: LunInfo[] }>(t, 'lun', 'list', dir)
  t.deepEqual(
    luns.map(({ guid }) => guid),
    [made.guid],
  )
  const inspected = await result<{ pendingVssFlags: string; identity: { serialNumber: string } }>(
    t,
    ...['lun', 'inspect', dir, made.guid],
  )
  t.is(inspected.pendingVssFlags, '0')
  t.is(inspected.identity.serialNumber, made.guid.replaceAll('-', ''))
  const { path } = await result<{ path: string }>(t, 'lun', 'detach', dir, made.guid)
  t.is(statSync(path).size, 4 << 20)
  t.deepEqual(await failure('lun', 'inspect', dir, made.guid), [3, 'ERR_LUN_NOT_FOUND'])
})

test.serial('the room of shadow copies is shown and set, and mistakes are named', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  await result(t, 'array', 'create', dir)
  const { guid } = await result<LunResult>(t, 'lun', 'create', dir, '4MiB')
  t.is((await result<DiffArea>(t, 'lun', 'diff-area', dir, guid)).maximumBytes, null)
  const options = ['--maximum', '1MiB', '--policy', 'stall', '--stall', '250']
  t.like(await result<DiffArea>(t, 'lun', 'diff-area', dir, guid, ...options), {
    lunGuid: guid,
    maximumBytes: 1 << 20,
    policy: 'stall',
    stallMillis: 250,
  })
  const { stdout } = await holdfast(['lun', 'diff-area', dir, guid])
  t.regex(stdout, /maximum +│ 1 MiB/)
  t.regex(stdout, /stall, at most 250 ms/)
  t.is((await result<DiffArea>(t, 'lun', 'diff-area', dir, guid, '--maximum', 'none')).maximumBytes, null)
  for (const wrong of [
    ['--policy', 'hope'],
    ['--maximum', '0'],
    ['--stall', 'long'],
  ]) {
    t.is((await holdfast(['lun', 'diff-area', dir, guid, ...wrong])).code, 2)
  }
})

test.serial('a LUN grows and is deleted with its bytes', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  await result(t, 'array', 'create', dir)
  const { guid } = await result<LunResult>(t, 'lun', 'create', dir, '4MiB')
  t.is((await result<LunResult>(t, 'lun', 'grow', dir, guid, '6MiB')).sizeBytes, 6 << 20)
  const { luns } = await result<{ luns: LunInfo[] }>(t, 'lun', 'list', dir)
  t.deepEqual(
    luns.map(({ sizeBytes }) => sizeBytes),
    [6 << 20],
  )
  t.deepEqual(await failure('lun', 'grow', dir, guid, '5MiB'), [2, 'ERR_LUN_SIZE'])
  t.deepEqual(await failure('lun', 'revert', dir, guid, newGuid()), [3, 'VSS_E_OBJECT_NOT_FOUND'])
  await result(t, 'lun', 'delete', dir, guid)
  t.deepEqual(await failure('lun', 'delete', dir, guid), [3, 'ERR_LUN_NOT_FOUND'])
  t.deepEqual(readdirSync(join(dir, 'base')), [])
})

test.serial(
  'an adopted image is a LUN of its size, not adopted twice, and given back unchanged',
  async (t) => {
    const directory = temporaryDirectory(t)
    const [dir, image] = [join(directory, 'array'), join(directory, 'disk.img')]
    const bytes = Buffer.alloc(1 << 20, 'holdfast')
    writeFileSync(image, bytes)
    await result(t, 'array', 'create', dir)
    const { guid, sizeBytes } = await result<LunResult>(t, 'lun', 'adopt', dir, image)
    t.is(sizeBytes, bytes.length)
    t.deepEqual(await failure('lun', 'adopt', dir, image), [4, 'ERR_LUN_ADOPTED'])
    t.is((await result<{ path: string }>(t, 'lun', 'detach', dir, guid)).path, image)
    t.true(readFileSync(image).equals(bytes))
  },
)

test.serial('an array with an image changed from outside opens only if the change is accepted', async (t) => {
  const directory = temporaryDirectory(t)
  const [dir, image] = [join(directory, 'array'), join(directory, 'disk.img')]
  writeFileSync(image, Buffer.alloc(1 << 20))
  await result(t, 'array', 'create', dir)
  await result(t, 'lun', 'adopt', dir, image)
  writeFileSync(image, Buffer.alloc(1 << 20, 1))
  const ended = await holdfast(['lun', 'list', dir, '--json'])
  t.is(ended.code, 5)
  const { error } = lastLine<ErrorResult & { error: { culprit: string; remedy: string } }>(ended)
  t.is(error.code, 'ERR_LUN_CHANGED')
  t.regex(error.message, /was changed outside .*--accept-changed/)
  t.notRegex(error.message, /acceptChanged/)
  t.is((await result<ArrayResult>(t, 'array', 'info', dir, '--accept-changed')).lunCount, 1)
})

test('every command that opens an array can be told to accept a changed image', (t) => {
  const commands = leavesOf(makeProgram()).filter((command) => command.helpInformation().includes('<array>'))
  t.is(commands.length, 15)
  for (const command of [...commands, ...leavesOf(makeProgram()).filter(isArrayCommand)]) {
    const names = command.options.map(({ long }) => long)
    t.is(names.includes('--accept-changed'), command.name() !== 'create' || !isArrayCommand(command))
  }
})

test.serial(
  'an array that cannot be made or opened where it was said to be is not a fault of the disk',
  async (t) => {
    const directory = temporaryDirectory(t)
    const file = join(directory, 'file')
    writeFileSync(file, 'precious')
    t.deepEqual(await failure('array', 'create', join(directory, 'no/array')), [3, 'VSS_E_OBJECT_NOT_FOUND'])
    t.deepEqual(await failure('array', 'create', join(file, 'array')), [3, 'VSS_E_OBJECT_NOT_FOUND'])
    t.deepEqual(await failure('array', 'create', file), [4, 'VSS_E_OBJECT_ALREADY_EXISTS'])
    const ended = await holdfast(['array', 'info', file, '--json'])
    t.is(ended.code, 3)
    const { error } = lastLine<ErrorResult>(ended)
    t.is(error.code, 'ERR_ARRAY_NOT_FOUND')
    t.regex(error.message, /file is not a directory/)
    t.is(readFileSync(file, 'utf8'), 'precious')
  },
)

test.serial('an array that another process has open is busy, and the error names that process', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  const array = await StorageArray.create(dir)
  t.teardown(() => array.close())
  t.deepEqual(await failure('array', 'info', dir), [4, 'ERR_ARRAY_LOCKED'])
  const { stderr } = await holdfast(['lun', 'list', dir])
  t.true(stderr.includes(String(process.pid)), stderr)
})

test.serial('mistakes on the command line end with 2, things that are not there with 3', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  await result(t, 'array', 'create', dir)
  t.deepEqual(await failure('lun', 'create', dir, '7 bytes'), [2, 'ERR_INVALID_ARGUMENT'])
  t.deepEqual(await failure('lun', 'create', dir, '9T'), [2, 'ERR_LUN_SIZE'])
  t.deepEqual(await failure('lun', 'inspect', dir, 'disk1'), [2, 'ERR_INVALID_ARGUMENT'])
  t.deepEqual(await failure('lun', 'inspect', dir, newGuid()), [3, 'ERR_LUN_NOT_FOUND'])
  t.deepEqual(await failure('lun', 'adopt', dir, join(dir, 'nothing.img')), [3, 'ERR_LUN_NOT_FOUND'])
  t.deepEqual(await failure('array', 'info', `${dir}.not`), [3, 'ERR_ARRAY_NOT_FOUND'])
})

test.serial('every command explains itself and the exit codes with --help', async (t) => {
  const { code, stdout } = await holdfast(['lun', 'create', '--help'])
  t.is(code, 0)
  t.regex(stdout, /Usage: holdfast lun create \[options\] <array> <size>/)
  const names: string[] = []
  for (const command of leavesOf(makeProgram())) {
    let text = ''
    command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
    names.push(command.name())
    t.regex(text, /Exit codes:\n\s+0 {2}done/)
    t.regex(text, /--json/)
    t.true(command.description().length > 10)
  }
  t.deepEqual(names, [
    ...['demo', 'create', 'info', 'check'],
    ...['create', 'adopt', 'grow', 'revert', 'resync', 'delete', 'detach', 'list', 'inspect', 'diff-area'],
    ...['create', 'list', 'export', 'break', 'delete', 'commit', 'test-writer', 'betest'],
  ])
})

function isArrayCommand({ parent }: Command): boolean {
  return parent?.name() === 'array'
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

test.serial('people get a table, and an unknown command is a wrong command line', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  await result(t, 'array', 'create', dir)
  const { code, stdout } = await holdfast(['array', 'info', dir])
  t.is(code, 0)
  t.regex(stdout, /│ LUNs\s+│ 0/)
  t.regex(stdout, /│ copies of LUNs\s+│ 0 \(with the shadow copies of all their volumes/)
  t.is((await holdfast(['arrays'])).code, 2)
})
