// The entries by which a bundler takes a binary along: one for each that a release ships, and for nothing else.
import { readFileSync } from 'node:fs'
import test from 'ava'

interface Target {
  arch: string
  libc: string
  file: string
}

const root = new URL('..', import.meta.url)
const module = (await import(new URL('scripts/release/targets.mjs', root).href)) as {
  targets: Record<string, Target>
}
const targets = Object.values(module.targets)
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Record<string, unknown>
}

test('every target of a release has an entry for bundlers, and every entry is of one', (t) => {
  t.deepEqual(
    Object.keys(exports)
      .filter((name) => name.startsWith('./linux-'))
      .sort(),
    targets.map(({ arch, libc }) => `./linux-${arch}-${libc}`).sort(),
  )
})

for (const { arch, libc, file } of targets) {
  test(`the entry of linux-${arch}-${libc} names its own binary in words that a bundler can follow`, (t) => {
    const name = `linux-${arch}-${libc}`
    t.deepEqual(exports[`./${name}`], {
      types: `./dist/targets/${name}.d.ts`,
      default: `./dist/targets/${name}.js`,
    })
    const text = (path: string): string => readFileSync(new URL(`lib/targets/${path}`, root), 'utf8')
    t.true(text(`${name}.binary.cts`).includes(`require('../../prebuilds/${file}')`))
    t.true(text(`${name}.ts`).includes(`import load from './${name}.binary.cts'`))
    t.true(text(`${name}.ts`).includes(`registerAddon('${arch}', '${libc}', load)`))
  })
}
