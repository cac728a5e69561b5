// Programs bundled into one file by esbuild, each taking a real shadow copy.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { cleanEnv, install, nodes, program, root, run, scratch, succeed, takenFrom } from './consumer.ts'

const works = { kept: true, live: true }
const target = `linux-${process.arch}-glibc`
const formats = ['esm', 'cjs']

/** A project with the package, and the file to begin a bundle with. */
async function project(folder: string, before = ''): Promise<string> {
  const consumer = await install(folder)
  program(consumer, 'take.mjs')
  writeFileSync(
    join(consumer, 'entry.mjs'),
    `${before}
     import * as holdfast from 'holdfast'
     import { take } from './take.mjs'
     take(holdfast).then((taken) => console.log(JSON.stringify(taken)))\n`,
  )
  return consumer
}

/** Gives the path of the bundle, below the project. */
async function bundle(consumer: string, format: string, ...options: string[]): Promise<string> {
  const outfile = `out/bundle.${format === 'esm' ? 'mjs' : 'cjs'}`
  const args = ['entry.mjs', '--bundle', '--platform=node', `--format=${format}`, `--outfile=${outfile}`]
  await succeed(join(root, 'node_modules/.bin/esbuild'), [...args, ...options], {
    cwd: consumer,
    env: cleanEnv(),
  })
  return outfile
}

const node = (script: string, cwd: string): Promise<string> =>
  succeed(process.execPath, [script], { cwd, env: cleanEnv() })

for (const format of formats) {
  test(`a bundle of format ${format} that leaves the package outside works beside it`, async (t) => {
    const consumer = await project(join(scratch(t), 'consumer'))
    const path = await bundle(consumer, format, '--external:holdfast')
    t.like(takenFrom(await node(path, consumer)), works)
  })

  test(`a bundle of format ${format} with the library inside finds the addon of the installed package`, async (t) => {
    const consumer = await project(join(scratch(t), 'consumer'))
    const path = await bundle(consumer, format)
    // Only the binaries and the name of the package are left of it.
    for (const folder of ['dist', 'lib', 'native'])
      rmSync(join(consumer, 'node_modules/holdfast', folder), { recursive: true })
    t.like(takenFrom(await node(path, consumer)), works)
  })

  test(`a bundle of format ${format} without any package near it says what it lacks`, async (t) => {
    const folder = scratch(t)
    const consumer = await project(join(folder, 'consumer'))
    const path = await bundle(consumer, format)
    cpSync(join(consumer, 'out'), join(folder, 'elsewhere/out'), { recursive: true })
    const { status, stderr } = await run(process.execPath, [path], {
      cwd: join(folder, 'elsewhere'),
      env: cleanEnv(),
    })
    t.is(status, 1)
    t.regex(stderr, /code: 'ERR_NATIVE_NOT_LOADED'/)
    t.true(stderr.includes(`The library is part of ${join(folder, 'elsewhere', path)}: no package`), stderr)
    t.regex(stderr, new RegExp(`importing holdfast/${target} first`))
    t.regex(stderr, /What to do: npm install holdfast$/m)
  })
}

test('a bundle that finds another version of the package does not mix the two, and says which it needs', async (t) => {
  const consumer = await project(join(scratch(t), 'consumer'))
  const path = await bundle(consumer, 'esm')
  const manifest = join(consumer, 'node_modules/holdfast/package.json')
  const described = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  writeFileSync(manifest, JSON.stringify({ ...described, version: '99.0.0' }))
  const { status, stderr } = await run(process.execPath, [path], { cwd: consumer, env: cleanEnv() })
  t.is(status, 1)
  t.true(stderr.includes(`${manifest}: it is of holdfast 99.0.0, not of ${described.version}`), stderr)
  t.true(
    stderr.includes(`What to do: npm install --prefix ${consumer} holdfast@${described.version}\n`),
    stderr,
  )
})

// A file is what both formats understand; require() of a copied one needs a format that has require().
for (const [format, loader] of [
  ['esm', 'file'],
  ['cjs', 'file'],
  ['cjs', 'copy'],
] as const) {
  test(`a bundle of format ${format} takes the addon along with the loader "${loader}", and works without the package`, async (t) => {
    const folder = scratch(t)
    const consumer = await project(join(folder, 'consumer'), `import 'holdfast/${target}'`)
    const path = await bundle(consumer, format, `--loader:.node=${loader}`)
    const shipped = join(folder, 'shipped')
    cpSync(join(consumer, 'out'), join(shipped, 'out'), { recursive: true })
    rmSync(consumer, { recursive: true })
    t.like(takenFrom(await node(path, shipped)), works)

    for (const name of readdirSync(join(shipped, 'out')))
      if (name.endsWith('.node')) rmSync(join(shipped, 'out', name))
    const { stderr } = await run(process.execPath, [path], { cwd: shipped, env: cleanEnv() })
    t.regex(stderr, /no binary of the bundle lies beside it/)
    t.true(stderr.includes(`Taken into the bundle: ${target}`), stderr)
  })
}

test('a copied addon in a bundle that has no require() is told, with the loader that does', async (t) => {
  const folder = scratch(t)
  const consumer = await project(join(folder, 'consumer'), `import 'holdfast/${target}'`)
  const path = await bundle(consumer, 'esm', '--loader:.node=copy')
  cpSync(join(consumer, 'out'), join(folder, 'shipped/out'), { recursive: true })
  const { stderr } = await run(process.execPath, [path], { cwd: join(folder, 'shipped'), env: cleanEnv() })
  t.regex(stderr, /What to do: esbuild --loader:\.node=file$/m)
})

test('the entry for a bundler is nothing but an import where there is no bundler, in every Node', async (t) => {
  const consumer = await project(join(scratch(t), 'consumer'), `import 'holdfast/${target}'`)
  writeFileSync(
    join(consumer, 'entry.cjs'),
    `require('holdfast/${target}')
     const holdfast = require('holdfast')
     import('./take.mjs').then(({ take }) => take(holdfast)).then((taken) => console.log(JSON.stringify(taken)))\n`,
  )
  for (const version of Object.values({ ...nodes, this: process.execPath })) {
    for (const script of ['entry.mjs', 'entry.cjs']) {
      t.like(takenFrom(await succeed(version, [script], { cwd: consumer, env: cleanEnv() })), works, version)
    }
  }
})
