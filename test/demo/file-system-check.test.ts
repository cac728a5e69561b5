import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { isExt, proveFileSystems } from '../../lib/demo/file-system-check.ts'
import { temporaryDirectory } from '../cli/command.ts'

const { signal } = new AbortController()

test('where e2fsck is not installed its check is skipped, not passed', async (t) => {
  const directory = temporaryDirectory(t)
  const check = await proveFileSystems([join(directory, 'disk.img')], signal, [directory])
  t.true('skipped' in check && !('passed' in check))
  t.like(check, { skipped: 'e2fsck is not installed' })
})

test('where no volume holds an ext file system the check is skipped', async (t) => {
  t.like(await proveFileSystems([], signal), { skipped: 'no volume holds an ext file system' })
})

test('only an e2fsck that ends with 0 passes the check, and its last words are told', async (t) => {
  const directory = temporaryDirectory(t)
  const program = join(directory, 'e2fsck')
  const ending = async (code: number): Promise<object> => {
    writeFileSync(program, `#!/bin/sh\necho "asked for $*"\nexit ${code}\n`)
    chmodSync(program, 0o755)
    return proveFileSystems(['disk.img'], signal, [directory])
  }
  t.like(await ending(0), { passed: true })
  t.like(await ending(4), { passed: false, detail: 'disk.img: e2fsck ended with 4: asked for -fn disk.img' })
})

test('an ext file system is known by its superblock', async (t) => {
  const bytes = Buffer.alloc(8192)
  const source = {
    sizeBytes: 8192,
    read: async (at: number, length: number) => bytes.subarray(at, at + length),
  }
  t.false(await isExt(source))
  bytes.writeUInt16LE(0xef53, 1024 + 56)
  t.true(await isExt(source))
  t.false(await isExt({ ...source, sizeBytes: 1024 }))
})
