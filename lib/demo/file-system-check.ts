/**
 * Asking e2fsck about an image of an ext2, ext3 or ext4 file system. Where it is not installed, nobody
 * has been asked, and that is what the check says.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describeThrown } from '../errors.ts'
import type { ByteSource } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'

const SUPERBLOCK_OFFSET_BYTES = 1024
const MAGIC_OFFSET_BYTES = 56
const MAGIC = 0xef53
/** Administrators' tools are not on everybody's PATH. */
const MORE_DIRECTORIES: readonly string[] = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Whether a volume holds an ext file system. */
export async function isExt(volume: ByteSource): Promise<boolean> {
  if (volume.sizeBytes < 2 * SUPERBLOCK_OFFSET_BYTES) return false
  const superblock = await volume.read(SUPERBLOCK_OFFSET_BYTES, SUPERBLOCK_OFFSET_BYTES)
  return superblock.readUInt16LE(MAGIC_OFFSET_BYTES) === MAGIC
}

/**
 * Changes nothing in the images.
 *
 * @param directories - where e2fsck is looked for
 */
export async function proveFileSystems(
  imagePaths: readonly string[],
  signal: AbortSignal,
  directories: readonly string[] = programDirectories(),
): Promise<Check> {
  const name = 'e2fsck finds nothing to mend in the copies'
  if (imagePaths.length === 0) return { name, skipped: 'no volume holds an ext file system' }
  const program = findProgram('e2fsck', directories)
  if (program === undefined) return { name, skipped: 'e2fsck is not installed' }
  const problems: string[] = []
  for (const path of imagePaths) {
    const { code, output } = await run(program, ['-fn', path], signal)
    // Ended by the signal, it has found nothing.
    signal.throwIfAborted()
    if (code !== 0) problems.push(`${path}: e2fsck ended with ${code}: ${lastLines(output)}`)
  }
  return checkOf(name, problems, `${imagePaths.length} file system(s) checked by ${program}`)
}

function programDirectories(): string[] {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '')
  return [...path, ...MORE_DIRECTORIES]
}

function findProgram(name: string, directories: readonly string[]): string | undefined {
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
    const take = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4096)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (thrown) => resolve({ code: describeThrown(thrown), output }))
    child.on('close', (code, endedBy) => resolve({ code: code ?? endedBy ?? 'nothing', output }))
  })
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-3).join(' / ')
}
