// What a reader of the source may rely on: no file too long to read, no line too wide, nothing left for later,
// nothing that is true on one machine only.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { filesBelow, root, textOf } from './tree.ts'

const longestFile = 450
const widestCpp = 120
// Biome breaks code at 110; this is for comments. A long title, template or pattern stands on a line as it is.
const widestTypeScript = 120
const longLiteral = /(['"`/]).{60,}\1/

const cpp = ['native', 'test/native', 'test/fuzz', 'bench/native'].flatMap((folder) =>
  filesBelow(folder, /\.(cc|h)$/),
)
const typeScript = ['lib', 'test', 'bench'].flatMap((folder) => filesBelow(folder, /\.ts$/))
const other = [
  ...filesBelow('scripts', /\.mjs$/),
  ...filesBelow('native', /\.(gypi|cjs|cts|map|def)$/),
  ...['package.json', 'binding.gyp', 'CMakeLists.txt', 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'],
  ...['CHANGELOG.md', '.ci/run'],
].filter((path) => existsSync(join(root, path)))

test(`no file of native/, lib/ or test/ is longer than ${longestFile} lines`, (t) => {
  const long = [...cpp, ...filesBelow('lib', /\.ts$/), ...filesBelow('test', /\.(ts|mjs)$/)]
    .map((path) => ({ path, lines: textOf(path).split('\n').length - 1 }))
    .filter(({ lines }) => lines > longestFile)
  t.deepEqual(long, [])
})

test(`no line is wider than ${widestCpp} columns in C++ or ${widestTypeScript} in TypeScript`, (t) => {
  const widerThan = (columns: number, paths: readonly string[]) =>
    paths.flatMap((path) =>
      textOf(path)
        .split('\n')
        .flatMap((line, index) =>
          [...line].length > columns && !longLiteral.test(line) ? [`${path}:${index + 1}`] : [],
        ),
    )
  t.deepEqual(widerThan(widestCpp, cpp), [])
  t.deepEqual(widerThan(widestTypeScript, typeScript), [])
})

test('nothing is left for later and nothing names one machine or one registry', (t) => {
  // Written in two parts, so that this file does not contain them.
  const forbidden = [
    ['TO', 'DO'],
    ['FIX', 'ME'],
    ['XX', 'X(?!X)'],
    ['/wo', 'rk/'],
    ['/ro', 'ot/'],
    ['registry\\.', 'npmjs'],
    ['arti', 'factory'],
  ].map((parts) => new RegExp(`(?<![A-Za-z])${parts.join('')}`))
  const found = [...cpp, ...typeScript, ...other].flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, index) =>
        forbidden.filter((word) => word.test(line)).map((word) => `${path}:${index + 1} ${word}`),
      ),
  )
  t.deepEqual(found, [])
})

test('native/sources.gypi names every source file there is', (t) => {
  t.notThrows(() => execFileSync(process.execPath, [join(root, 'scripts/sources.mjs'), '--check']))
})

test('every header of native/ is included once and begins by saying what it is', (t) => {
  const wrong = filesBelow('native', /\.h$/).filter((path) => {
    const text = textOf(path)
    return !text.startsWith(`// ${path}\n//\n`) || !/^#pragma once$/m.test(text)
  })
  t.deepEqual(wrong, [])
})
