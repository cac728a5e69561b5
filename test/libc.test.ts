import { fileURLToPath } from 'node:url'
import test from 'ava'
import { type Libc, libcOf, runningGlibcVersion, runningLibc } from '../lib/libc.ts'
import { programAsking } from './helpers/elf-program.ts'

const addon = fileURLToPath(new URL('../build/Release/holdfast.node', import.meta.url))

const linkers: [path: string, libc: Libc | undefined][] = [
  ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld-linux-aarch64.so.1', 'glibc'],
  ['/nix/store/0a1b2c-glibc-2.40/lib/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld-musl-x86_64.so.1', 'musl'],
  ['/lib/ld-musl-aarch64.so.1', 'musl'],
  ['/system/bin/linker64', undefined],
]

for (const [path, libc] of linkers) {
  test(`a program of ${path} runs on ${libc ?? 'a library that is not known'}`, (t) => {
    t.is(libcOf(programAsking(t, path)), libc)
  })
}

test('a program that cannot be read, or is not linked dynamically, tells nothing', (t) => {
  t.is(libcOf('/nonexistent'), undefined)
  t.is(libcOf('/proc'), undefined)
  t.is(libcOf(addon), undefined)
})

test('this process knows its C library by its program, and by its report where that tells nothing', (t) => {
  const version = runningGlibcVersion()
  t.is(libcOf(process.execPath), version === undefined ? 'musl' : 'glibc')
  t.is(runningLibc('/nonexistent'), runningLibc())
})

test('asking for the version of glibc leaves the options of the report as they were', (t) => {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  const before = report.excludeNetwork ?? false
  t.regex(String(runningGlibcVersion()), /^(\d+\.\d+|undefined)$/)
  t.is(report.excludeNetwork ?? false, before)
})
