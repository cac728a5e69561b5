/**
 * Whether the file of an addon can be the one that was shipped, told without loading it.
 *
 * The headers are looked at before a file is loaded, for a truncated one can kill the process instead
 * of failing. The checksum is compared only after a file has failed: it would cost every start a
 * millisecond or more. So a file of full length with wrong bytes in it is named as damaged where the
 * dynamic linker refuses it, and is not kept from doing harm where it does not.
 */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readElfHeader } from './elf.ts'

/** Throws if the file is no whole ELF file for this machine. */
export function refuseForeign(path: string): void {
  const { arch, sizeBytes, wholeBytes } = readElfHeader(path)
  if (arch === undefined) throw new Error(`it is damaged: ${sizeBytes} bytes that are no ELF file`)
  if (arch !== process.arch) throw new Error(`it was built for ${arch}, not for ${process.arch}`)
  if (sizeBytes < wholeBytes) throw new Error(`it is damaged: ${sizeBytes} bytes of at least ${wholeBytes}`)
}

/** What the manifest says of a file: that these bytes were shipped, others, or one that is not there. */
export type ManifestAnswer = 'same' | 'different' | 'missing'

/** By the manifest of its folder of prebuilds; undefined where there is none, or none that names the file. */
export function askManifest(path: string): ManifestAnswer | undefined {
  const folder = dirname(path)
  try {
    const manifest = JSON.parse(readFileSync(join(folder, '../manifest.json'), 'utf8')) as {
      files?: Record<string, { sha256?: string }>
    }
    const shipped = manifest.files?.[join(basename(folder), basename(path))]?.sha256
    if (shipped === undefined) return undefined
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return 'missing'
    return shipped === createHash('sha256').update(readFileSync(path)).digest('hex') ? 'same' : 'different'
  } catch {
    // A build of this machine, or what cannot be read: nothing to compare with.
    return undefined
  }
}
