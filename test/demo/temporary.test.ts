// Directories that must not outlive the process that made them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { makeTemporaryDirectory } from '../../lib/demo/temporary.ts'
import { temporaryDirectory } from '../cli/command.ts'

test('a temporary directory is there until its owner removes it, with what is in it', async (t) => {
  const directory = temporaryDirectory(t)
  {
    await using made = makeTemporaryDirectory(join(directory, 'demo-'))
    writeFileSync(join(made.path, 'file'), '')
    t.deepEqual(
      readdirSync(directory).map((name) => join(directory, name)),
      [made.path],
    )
  }
  t.deepEqual(readdirSync(directory), [])
})

for (const [how, end] of [
  ['exits', 'process.exit(3)'],
  ['fails', 'throw new Error("a defect")'],
] as const) {
  test(`a temporary directory is gone when its process ${how}`, async (t) => {
    const directory = temporaryDirectory(t)
    const program = join(directory, 'program.mjs')
    const library = new URL('../../lib/demo/temporary.ts', import.meta.url).href
    const prefix = JSON.stringify(join(directory, 'demo-'))
    writeFileSync(
      program,
      `import { writeFileSync } from 'node:fs'
      import { makeTemporaryDirectory } from '${library}'
      const { path } = makeTemporaryDirectory(${prefix})
      writeFileSync(path + '/file', '')
      console.log(path)
      setTimeout(() => { ${end} })
      `,
    )
    const child = spawn(process.execPath, [...process.execArgv, program], {
      cwd: new URL('../..', import.meta.url),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const [code] = (await once(child, 'close')) as [number]
    t.not(code, 0)
    t.true(said.startsWith(join(directory, 'demo-')), said)
    t.false(existsSync(said.trim()))
  })
}
