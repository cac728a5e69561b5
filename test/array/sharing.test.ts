// One array in several places: objects, threads, processes, and a directory that cannot be written to.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { mebi, newArray, page, temporaryDirectory } from './array-fixture.ts'

const loader = 'typescript' in process.features && process.features.typescript ? [] : ['--import=tsx']
const arrayModule = fileURLToPath(new URL('../../lib/array/storage-array.ts', import.meta.url))

test('an array opened twice, by whatever path, is one array, and open until both are closed', async (t) => {
  const first = await newArray(t)
  const guid = await first.createLun(mebi)
  const link = join(temporaryDirectory(t), 'link')
  symlinkSync(first.path, link)
  const second = await StorageArray.open(link)
  t.is(second.id, first.id)
  const [one, two] = [await first.openLun(guid), await second.openLun(guid)]
  await one.write(0, page(1))
  t.deepEqual(await two.read(0, 4096), page(1))
  await first.close()
  await two.write(4096, page(2))
  t.deepEqual(await two.read(0, 4096), page(1))
  await second.close()
  await using again = await StorageArray.open(first.path)
  const lun = await again.openLun(guid)
  t.deepEqual(await lun.read(4096, 4096), page(2))
})

test('many opens at once, and opens while it is being closed, all succeed', async (t) => {
  const array = await newArray(t)
  await array.createLun(mebi)
  const closing = array.close()
  const opened = await Promise.all(Array.from({ length: 20 }, () => StorageArray.open(array.path)))
  await closing
  t.deepEqual(
    opened.map(({ id }) => id),
    Array.from({ length: 20 }, () => array.id),
  )
  await Promise.all(opened.map((one) => one.close()))
})

test('closing an array closes its LUNs, refuses everything afterwards, and may be done twice', async (t) => {
  const array = await newArray(t)
  const guid = await array.createLun(mebi)
  const lun = await array.openLun(guid)
  const writing = lun.write(0, page(1))
  const closing = array.close()
  await t.throwsAsync(array.openLun(guid), { code: 'ERR_ARRAY_CLOSED' })
  await closing
  await t.notThrowsAsync(writing)
  await t.throwsAsync(lun.read(0, 512), { code: 'ERR_LUN_CLOSED' })
  for (const late of [
    () => array.createLun(mebi),
    () => array.listLuns(),
    () => array.listSets(),
    () => array.info(),
    () => array.check(),
    () => array.checkpoint(),
    () => array.detachLun(guid),
    () => array.adoptLun('/tmp/x'),
    () => array.deleteCopies([guid]),
    () => array.recordSet(guid),
    () => array.finishSet(guid, ''),
    () => array.abortSet(guid),
  ]) {
    await t.throwsAsync(late(), { code: 'ERR_ARRAY_CLOSED' }, String(late))
  }
  await t.notThrowsAsync(array.close())
})

test('a second process is refused with ERR_ARRAY_LOCKED naming the first', async (t) => {
  const array = await newArray(t)
  const script =
    `import { StorageArray } from ${JSON.stringify(arrayModule)}\n` +
    'try { await StorageArray.open(process.argv[1]); console.log("opened") } ' +
    'catch (error) { console.log(error.code, error.message) }'
  const run = (): string =>
    spawnSync(process.execPath, [...loader, '--input-type=module', '-e', script, array.path], {
      encoding: 'utf8',
    }).stdout
  t.regex(run(), new RegExp(`^ERR_ARRAY_LOCKED .*process ${process.pid}\\b`))
  await array.close()
  t.is(run(), 'opened\n', 'the first has let go')
})

test('an array in a directory that may not be written to is refused with ERR_ARRAY_READ_ONLY', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'array')
  await (await StorageArray.create(path, { mode: 'writeback' })).close()
  mkdirSync(join(directory, 'sealed'))
  chmodSync(path, 0o500)
  chmodSync(join(path, 'lock'), 0o400)
  chmodSync(join(directory, 'sealed'), 0o500)
  t.teardown(() => chmodSync(path, 0o700))
  const script =
    `import { StorageArray } from ${JSON.stringify(arrayModule)}\n` +
    'const [array, fresh] = process.argv.slice(1)\n' +
    // The rules of directories are not for root.
    'await StorageArray.open(array + "/nothing").catch(() => {})\n' +
    'if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534) }\n' +
    'for (const attempt of [() => StorageArray.open(array), () => StorageArray.create(fresh)])\n' +
    '  await attempt().then(() => console.log("opened"), (error) => console.log(error.code))'
  chmodSync(directory, 0o755)
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...loader, '--input-type=module', '-e', script, path, join(directory, 'sealed', 'new')],
    { encoding: 'utf8' },
  )
  t.is(stdout, 'ERR_ARRAY_READ_ONLY\nERR_ARRAY_READ_ONLY\n', stderr)
})

test('opening with a signal that fires before or meanwhile is cancelled, with its reason as the cause', async (t) => {
  const array = await newArray(t)
  await array.close()
  const before = new Error('before')
  const refused = StorageArray.open(array.path, { signal: AbortSignal.abort(before) })
  t.like(await t.throwsAsync(refused), { code: 'VSS_S_ASYNC_CANCELLED', cause: before })
  const controller = new AbortController()
  const opening = StorageArray.open(array.path, { signal: controller.signal })
  const meanwhile = new Error('meanwhile')
  controller.abort(meanwhile)
  t.like(await t.throwsAsync(opening), { code: 'VSS_S_ASYNC_CANCELLED', cause: meanwhile })
  // Refused while open in this process, so what was opened must have been closed again.
  await using again = await StorageArray.open(array.path)
  t.is(again.id, array.id)
})
