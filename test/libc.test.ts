import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { type Libc, libcOf, runningGlibcVersion, runningLibc } from '../lib/libc.ts'

const addon = fileURLToPath(new URL('../build/Release/holdfast.node', import.meta.url))

/** A program that asks for this dynamic linker. */
function asking(t: ExecutionContext, interpreter: string): string {
  const bytes = Buffer.alloc(120 + interpreter.length + 1)
  bytes.write('\x7fELF\x02\x01\x01', 'latin1')
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(1, 56)
  bytes.writeUInt32LE(3, 64)
  bytes.writeBigUInt64LE(120n, 72)
  bytes.writeBigUInt64LE(BigInt(interpreter.length + 1), 96)
  bytes.write(interpreter, 120, 'latin1')
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-libc-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'program'), bytes)
  return join(folder, 'program')
}

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
    t.is(libcOf(asking(t, path)), libc)
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
