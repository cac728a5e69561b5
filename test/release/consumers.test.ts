// Consumers of every kind, each taking a real shadow copy with the installed package.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'ava'
import {
  cleanEnv,
  install,
  managers,
  nodes,
  npmRegistry,
  program,
  project,
  root,
  scratch,
  succeed,
  takenFrom,
  tarball,
} from './consumer.ts'

const works = { kept: true, live: true }
const require = createRequire(import.meta.url)

/** Whether a Node is the one that was asked for, by its major version or by its whole one. */
const isOf = (version: string, asked: string): boolean =>
  version === `v${asked}` || version.startsWith(`v${asked}.`)

test('every major of Node that the package supports is tried, and the oldest version of each that has one', (t) => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  const floors = engines.node.split('||').map((range) => String(/\d+(?:\.\d+\.\d+)?/.exec(range)))
  const majors = floors.map((floor) => floor.split('.', 1).join())
  // ">=24" holds for those after it as well, of which 26 is the newest.
  for (const needed of new Set([...floors, ...majors, '26'])) t.truthy(nodes[needed], `Node ${needed}`)
})

for (const [version, node] of Object.entries(nodes)) {
  for (const name of ['esm.mjs', 'commonjs.cjs']) {
    test(`Node ${version} loads the package from ${name} and takes a shadow copy`, async (t) => {
      const consumer = await install(join(scratch(t), 'consumer'))
      program(consumer, 'take.mjs')
      const stdout = await succeed(node, [program(consumer, name)], { cwd: consumer, env: cleanEnv() })
      const taken = takenFrom(stdout)
      t.like(taken, works)
      t.true(isOf(taken.node, version), taken.node)
    })
  }
}

for (const [moduleKind, type] of [
  ['nodenext', 'module'],
  ['nodenext', 'commonjs'],
  ['node20', 'module'],
] as const) {
  test(`TypeScript under ${moduleKind} compiles a consumer of type ${type}, strictly and with its own checks of our types, which then runs`, async (t) => {
    const consumer = await install(project(join(scratch(t), 'consumer'), { type }))
    // @types/node is what a consumer in TypeScript has.
    for (const name of ['@types/node', 'undici-types'])
      cpSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name), { recursive: true })
    program(consumer, 'types.ts')
    const strictly = ['--strict', '--noEmitOnError', '--skipLibCheck', 'false', '--types', 'node']
    const output = ['--target', 'es2022', '--module', moduleKind, '--outDir', 'out', 'types.ts']
    const options = { cwd: consumer, env: cleanEnv() }
    await succeed(process.execPath, [require.resolve('typescript/bin/tsc'), ...strictly, ...output], options)
    const compiled = readFileSync(join(consumer, 'out/types.js'), 'utf8')
    t.is(/\brequire\(["']holdfast["']\)/.test(compiled), type === 'commonjs')
    for (const [version, node] of Object.entries(nodes)) {
      const taken = takenFrom(await succeed(node, ['out/types.js'], options))
      t.like(taken, { ...works, heard: ['prepare', 'freeze', 'thaw'] }, `Node ${version}`)
      t.true(isOf(taken.node, version), taken.node)
    }
  })
}

test('pnpm, which links no dependency of ours beside the package, installs one that works', async (t) => {
  const folder = scratch(t)
  const { node, cli } = await managers.pnpm()
  const consumer = project(join(folder, 'consumer'))
  const argv = [cli, 'add', tarball(), '--prefer-offline', '--store-dir', join(folder, 'store')]
  await succeed(node, argv, { cwd: consumer, env: cleanEnv() })
  t.false(existsSync(join(consumer, 'node_modules/commander')), 'nothing is hoisted')
  program(consumer, 'take.mjs')
  const options = { cwd: consumer, env: cleanEnv() }
  t.like(takenFrom(await succeed(node, [program(consumer, 'esm.mjs')], options)), works)
})

test('yarn, which keeps packages in archives and has no node_modules, installs one that works', async (t) => {
  const folder = scratch(t)
  const { node, cli } = await managers.yarn()
  const consumer = project(join(folder, 'consumer'))
  // Without a lockfile of its own it would look for a project further up.
  writeFileSync(join(consumer, 'yarn.lock'), '')
  const env = cleanEnv({
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_NPM_REGISTRY_SERVER: await npmRegistry(),
  })
  await succeed(node, [cli, 'add', `holdfast@file:${tarball()}`], { cwd: consumer, env })
  t.false(existsSync(join(consumer, 'node_modules')))
  program(consumer, 'take.mjs')
  program(consumer, 'esm.mjs')
  t.like(takenFrom(await succeed(node, [cli, 'node', 'esm.mjs'], { cwd: consumer, env })), works)
})

test('a worker thread loads the package alone, and the process outlives it', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  program(consumer, 'take.mjs')
  const taken = takenFrom(
    await succeed(process.execPath, [program(consumer, 'worker.mjs')], { cwd: consumer, env: cleanEnv() }),
  )
  t.like(taken, works)
})

test('worker threads that are terminated in the middle of their work leave the process and the array whole', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  program(consumer, 'take.mjs')
  const argv = [program(consumer, 'terminate.mjs')]
  const taken = takenFrom(await succeed(process.execPath, argv, { cwd: consumer, env: cleanEnv() }))
  t.like(taken, { ...works, faults: [], lunCount: 1, terminated: 8 })
})

test('two copies of the package work in one process, and respect the locks of each other', async (t) => {
  const folder = scratch(t)
  const projects = [await install(join(folder, 'first')), await install(join(folder, 'second'))]
  const consumer = project(join(folder, 'consumer'))
  program(consumer, 'take.mjs')
  const argv = [program(consumer, 'twice.mjs'), ...projects]
  const stdout = await succeed(process.execPath, argv, { cwd: consumer, env: cleanEnv() })
  const taken = takenFrom<{ other: object; refused: { code: string; message: string }; pid: number }>(stdout)
  t.like(taken, works)
  t.like(taken.other, works)
  t.is(taken.refused.code, 'ERR_ARRAY_LOCKED')
  t.true(taken.refused.message.includes(String(taken.pid)), taken.refused.message)
  t.false(existsSync(join(consumer, 'node_modules')))
})
