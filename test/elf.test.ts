import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { readElfHeader, readElfInterpreter } from '../lib/elf.ts'

const addon = fileURLToPath(new URL('../build/Release/holdfast.node', import.meta.url))

function file(t: ExecutionContext, bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-elf-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'file'), bytes)
  return join(folder, 'file')
}

interface Crafted {
  interpreter?: string
  /** Written over the finished bytes. */
  patch?: (bytes: Buffer) => void
}

const TABLE = 64
const ENTRY_BYTES = 56

/** A program of headers only: a segment of code, one with the interpreter, and its path at the very end. */
function program({ interpreter = '/lib64/ld-linux-x86-64.so.2', patch }: Crafted = {}): Buffer {
  const bytes = Buffer.alloc(TABLE + 2 * ENTRY_BYTES + interpreter.length + 1)
  bytes.write('\x7fELF\x02\x01\x01', 'latin1')
  bytes.writeUInt16LE(62, 18)
  bytes.writeBigUInt64LE(BigInt(TABLE), 32)
  bytes.writeUInt16LE(ENTRY_BYTES, 54)
  bytes.writeUInt16LE(2, 56)
  bytes.writeUInt32LE(1, TABLE)
  const entry = TABLE + ENTRY_BYTES
  bytes.writeUInt32LE(3, entry)
  bytes.writeBigUInt64LE(BigInt(entry + ENTRY_BYTES), entry + 8)
  bytes.writeBigUInt64LE(BigInt(interpreter.length + 1), entry + 32)
  bytes.write(interpreter, entry + ENTRY_BYTES, 'latin1')
  patch?.(bytes)
  return bytes
}

test('the program that runs this names its dynamic linker, and a library names none', (t) => {
  t.regex(String(readElfInterpreter(process.execPath)), /^\/.*\bld-/)
  t.is(readElfInterpreter(addon), undefined)
})

test('the path of the dynamic linker is found wherever it lies in the file', (t) => {
  t.is(readElfInterpreter(file(t, program())), '/lib64/ld-linux-x86-64.so.2')
  t.is(readElfInterpreter(file(t, program({ interpreter: '/x' }))), '/x')
})

test('a program that was cut anywhere names no dynamic linker', (t) => {
  const bytes = program()
  const path = file(t, bytes)
  for (let length = bytes.length - 1; length >= 0; length--) {
    truncateSync(path, length)
    t.is(readElfInterpreter(path), undefined, `${length} bytes`)
  }
})

const entry = TABLE + ENTRY_BYTES
const crafted: [what: string, patch: (bytes: Buffer) => void][] = [
  ['is no ELF file', (bytes) => bytes.write('#!/bin/sh')],
  ['is of 32 bits', (bytes) => bytes.writeUInt8(1, 4)],
  ['is big-endian', (bytes) => bytes.writeUInt8(2, 5)],
  ['has no segments', (bytes) => bytes.writeUInt16LE(0, 56)],
  ['has more segments than bytes', (bytes) => bytes.writeUInt16LE(0xffff, 56)],
  ['has segments of no size', (bytes) => bytes.writeUInt16LE(0, 54)],
  ['has its segments beyond every file', (bytes) => bytes.writeBigUInt64LE(2n ** 64n - 1n, 32)],
  ['is static', (bytes) => bytes.writeUInt32LE(1, entry)],
  ['has its path beyond every file', (bytes) => bytes.writeBigUInt64LE(2n ** 63n, entry + 8)],
  ['has a path longer than every file', (bytes) => bytes.writeBigUInt64LE(2n ** 64n - 1n, entry + 32)],
  ['has a path of no length', (bytes) => bytes.writeBigUInt64LE(0n, entry + 32)],
  ['has a path without an end', (bytes) => bytes.write('x', bytes.length - 1)],
]

for (const [what, patch] of crafted) {
  test(`a program that ${what} names no dynamic linker`, (t) => {
    t.is(readElfInterpreter(file(t, program({ patch }))), undefined)
  })
}

test('a header tells the machine and how long the whole file is at least', (t) => {
  const { arch, sizeBytes, wholeBytes } = readElfHeader(addon)
  t.is(arch, process.arch)
  t.true(wholeBytes <= sizeBytes && wholeBytes > sizeBytes / 2)
  t.is(readElfHeader(file(t, program({ patch: (bytes) => bytes.writeUInt16LE(21, 18) }))).arch, 'machine 21')
})

test('a header that is cut or is of something else tells no machine', (t) => {
  t.deepEqual(readElfHeader(file(t, program().subarray(0, 63))), { sizeBytes: 63, wholeBytes: 64 })
  t.deepEqual(readElfHeader(file(t, Buffer.alloc(4096, '\n'))), { sizeBytes: 4096, wholeBytes: 64 })
})

test('a file that cannot be opened is told by the exception of the file system', (t) => {
  t.throws(() => readElfHeader('/nonexistent'), { code: 'ENOENT' })
  t.throws(() => readElfInterpreter('/nonexistent'), { code: 'ENOENT' })
})
