// The writer and the requester of the README, run as they stand there.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { StorageArray } from '../../lib/index.ts'
import { MiB, temporaryDirectory } from '../host/machine.ts'

const root = new URL('../../', import.meta.url)

test('the examples of the README freeze their writer, take a set and thaw it again', async (t) => {
  t.timeout(60_000)
  const directory = temporaryDirectory(t)
  const arrayPath = join(directory, 'array')
  const array = await StorageArray.create(arrayPath)
  for (let i = 0; i < 2; i++) await array.createLun(MiB)
  await array.close()

  const readme = readFileSync(new URL('README.md', root), 'utf8')
  const examples = [...readme.matchAll(/<!-- example: \w+ -->\n```ts\n([\s\S]*?)```/g)].map(
    ([, text]) => text,
  )
  t.is(examples.length, 3)
  const store = `const store = new (class Store {
    async pause() { console.log('pause') }
    resume() { console.log('resume') }
  })()\n`
  const program = join(directory, 'readme.mts')
  writeFileSync(
    program,
    (store + examples.join('\n'))
      .replaceAll("from 'holdfast'", `from ${JSON.stringify(new URL('lib/index.ts', root).href)}`)
      .replaceAll('/srv/array', arrayPath),
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', program], {
    cwd: root,
    encoding: 'utf8',
  })
  t.is(status, 0, stderr)
  t.regex(stdout, /^pause\nresume\nWrites were held for .*writers were frozen for /)
})
