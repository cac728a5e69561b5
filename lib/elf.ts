/**
 * What can be told of an ELF file from its headers, without loading it: the machine it is for, whether
 * all of it is there, and the dynamic linker it asks for.
 *
 * Every number in a file may be wrong; what cannot be read is undefined, never an exception.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

export interface ElfHeader {
  sizeBytes: number
  /** The machine, as process.arch names it where Node runs on it; absent where the file is no ELF file. */
  arch?: string
  /** The least that a whole file of this header has. */
  wholeBytes: number
}

/** EM_ of the header. */
const MACHINES: Record<number, string> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' }
const ELF64_HEADER_BYTES = 64
const ELF64_PROGRAM_HEADER_BYTES = 56
const PT_INTERP = 3
const PATH_MAX_BYTES = 4096

/** Bytes of a file; fewer at its end, none beyond it. */
type Reader = (offset: number, length: number) => Buffer

/** Throws what the file system says. */
export function readElfHeader(path: string): ElfHeader {
  return withFile(path, (read, sizeBytes) => {
    const header = read(0, ELF64_HEADER_BYTES)
    if (!isElf(header)) return { sizeBytes, wholeBytes: ELF64_HEADER_BYTES }
    const machine = header.readUInt16LE(18)
    return {
      sizeBytes,
      arch: MACHINES[machine] ?? `machine ${machine}`,
      // The table of sections is what a linker writes last.
      wholeBytes: Number(header.readBigUInt64LE(40)) + header.readUInt16LE(58) * header.readUInt16LE(60),
    }
  })
}

/**
 * The path of the dynamic linker that a program asks for. Undefined for a static program, and for what
 * is no whole 64-bit little-endian ELF file. Throws what the file system says.
 */
export function readElfInterpreter(path: string): string | undefined {
  return withFile(path, (read, sizeBytes) => {
    const header = read(0, ELF64_HEADER_BYTES)
    const isElf64LittleEndian = isElf(header) && header[4] === 2 && header[5] === 1
    if (!isElf64LittleEndian) return undefined
    const tableOffset = Number(header.readBigUInt64LE(32))
    const entryBytes = header.readUInt16LE(54)
    const tableBytes = entryBytes * header.readUInt16LE(56)
    if (entryBytes < ELF64_PROGRAM_HEADER_BYTES || tableOffset + tableBytes > sizeBytes) return undefined
    const table = read(tableOffset, tableBytes)
    for (let at = 0; at + ELF64_PROGRAM_HEADER_BYTES <= table.length; at += entryBytes) {
      if (table.readUInt32LE(at) !== PT_INTERP) continue
      const offset = Number(table.readBigUInt64LE(at + 8))
      const length = Number(table.readBigUInt64LE(at + 32))
      if (length > PATH_MAX_BYTES || offset + length > sizeBytes) return undefined
      const text = read(offset, length).toString('latin1')
      return text.endsWith('\0') ? text.slice(0, -1) : undefined
    }
    return undefined
  })
}

function isElf(header: Buffer): boolean {
  return header.length === ELF64_HEADER_BYTES && header.readUInt32BE(0) === 0x7f454c46
}

function withFile<T>(path: string, use: (read: Reader, sizeBytes: number) => T): T {
  const file = openSync(path, 'r')
  try {
    const read: Reader = (offset, length) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    }
    return use(read, fstatSync(file).size)
  } finally {
    closeSync(file)
  }
}
