// A program of headers only, for what is told of a program without running it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** The path of a program that asks for this dynamic linker; it is gone with the test. */
export function programAsking(t: ExecutionContext, interpreter: string): string {
  const bytes = Buffer.alloc(120 + interpreter.length + 1)
  bytes.write('\x7fELF\x02\x01\x01', 'latin1')
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(1, 56)
  bytes.writeUInt32LE(3, 64)
  bytes.writeBigUInt64LE(120n, 72)
  bytes.writeBigUInt64LE(BigInt(interpreter.length + 1), 96)
  bytes.write(interpreter, 120, 'latin1')
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-program-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'program'), bytes)
  return join(folder, 'program')
}
