// Consumers of every kind, each taking a real shadow copy with the installed package.
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'ava'
import { cleanEnv, install, program, root, scratch, succeed, takenFrom } from './consumer.ts'

const works = { kept: true, live: true }
const require = createRequire(import.meta.url)
const nodes = JSON.parse(process.env['HOLDFAST_NODES'] ?? '{}') as Record<string, string>

for (const major of ['20', '22', '24', '26']) {
  for (const name of ['esm.mjs', 'commonjs.cjs']) {
    test(`Node ${major} loads the package from ${name} and takes a shadow copy`, async (t) => {
      const consumer = await install(join(scratch(t), 'consumer'))
      program(consumer, 'take.mjs')
      const node = String(nodes[major])
      const stdout = await succeed(node, [program(consumer, name)], { cwd: consumer, env: cleanEnv() })
      const taken = takenFrom(stdout)
      t.like(taken, works)
      t.true(taken.node.startsWith(`v${major}.`))
    })
  }
}

for (const moduleKind of ['nodenext', 'node20']) {
  test(`TypeScript under ${moduleKind} compiles a consumer, strictly and with its own checks of our types`, async (t) => {
    const consumer = await install(join(scratch(t), 'consumer'))
    // @types/node is what a consumer in TypeScript has.
    cpSync(join(root, 'node_modules/@types/node'), join(consumer, 'node_modules/@types/node'), {
      recursive: true,
    })
    cpSync(join(root, 'node_modules/undici-types'), join(consumer, 'node_modules/undici-types'), {
      recursive: true,
    })
    program(consumer, 'types.ts')
    const options = [
      '--strict',
      '--noEmit',
      '--skipLibCheck',
      'false',
      '--target',
      'es2022',
      '--types',
      'node',
    ]
    const argv = [require.resolve('typescript/bin/tsc'), ...options, '--module', moduleKind, 'types.ts']
    await succeed(process.execPath, argv, { cwd: consumer, env: cleanEnv() })
    t.pass()
  })
}

test('a worker thread loads the package alone, and the process outlives it', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  program(consumer, 'take.mjs')
  const taken = takenFrom(
    await succeed(process.execPath, [program(consumer, 'worker.mjs')], { cwd: consumer, env: cleanEnv() }),
  )
  t.like(taken, works)
})

test('two copies of the package work in one process, and respect the locks of each other', async (t) => {
  const folder = scratch(t)
  const projects = [await install(join(folder, 'first')), await install(join(folder, 'second'))]
  const consumer = join(folder, 'consumer')
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }\n')
  program(consumer, 'take.mjs')
  const argv = [program(consumer, 'twice.mjs'), ...projects]
  const stdout = await succeed(process.execPath, argv, { cwd: consumer, env: cleanEnv() })
  const taken = takenFrom(stdout) as unknown as {
    other: object
    refused: { code: string; message: string }
    pid: number
  }
  t.like(taken, works)
  t.like(taken.other, works)
  t.is(taken.refused.code, 'ERR_ARRAY_LOCKED')
  t.true(taken.refused.message.includes(String(taken.pid)), taken.refused.message)
  t.false(existsSync(join(consumer, 'node_modules')))
})
