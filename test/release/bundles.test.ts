// Programs bundled into one file by esbuild, each taking a real shadow copy.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { cleanEnv, install, program, root, scratch, succeed, takenFrom } from './consumer.ts'

const works = { kept: true, live: true }

const esbuild = (args: readonly string[], cwd: string): Promise<string> =>
  succeed(join(root, 'node_modules/.bin/esbuild'), ['--bundle', '--platform=node', ...args], {
    cwd,
    env: cleanEnv(),
  })

test('a bundle of esbuild that leaves the package outside works beside it', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  program(consumer, 'take.mjs')
  const entry = program(consumer, 'esm.mjs')
  await esbuild([entry, '--external:holdfast', '--format=esm', '--outfile=out/bundle.mjs'], consumer)
  const taken = takenFrom(
    await succeed(process.execPath, ['out/bundle.mjs'], { cwd: consumer, env: cleanEnv() }),
  )
  t.like(taken, works)
})

test('a bundle of esbuild with the library inside finds the addon of the installed package', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  program(consumer, 'take.mjs')
  await esbuild([program(consumer, 'esm.mjs'), '--format=esm', '--outfile=out/bundle.mjs'], consumer)
  const bundle = readFileSync(join(consumer, 'out/bundle.mjs'), 'utf8')
  t.notRegex(bundle, /from ["']holdfast["']/)
  // Only the binaries and the name of the package are left of it.
  for (const folder of ['dist', 'lib', 'native'])
    rmSync(join(consumer, 'node_modules/holdfast', folder), { recursive: true })
  const taken = takenFrom(
    await succeed(process.execPath, ['out/bundle.mjs'], { cwd: consumer, env: cleanEnv() }),
  )
  t.like(taken, works)
})
