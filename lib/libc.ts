/**
 * The C library of this process: the one whose dynamic linker its program asks for. What a distribution
 * calls itself does not tell, for both libraries can be installed on one.
 *
 * Node's own report knows as well, and is asked only where the program does not tell: to write it, Node
 * waits until every worker thread can be interrupted, and one in a synchronous call cannot.
 */
import { basename } from 'node:path'
import { readElfInterpreter } from './elf.ts'

export type Libc = 'glibc' | 'musl'

export function runningLibc(program: string = process.execPath): Libc {
  return libcOf(program) ?? (runningGlibcVersion() === undefined ? 'musl' : 'glibc')
}

/** Undefined for a program that cannot be read, is static, or was started through its dynamic linker. */
export function libcOf(program: string): Libc | undefined {
  let interpreter: string | undefined
  try {
    interpreter = readElfInterpreter(program)
  } catch {
    return undefined
  }
  const name = basename(interpreter ?? '')
  if (name.startsWith('ld-musl-')) return 'musl'
  return name.startsWith('ld-linux') ? 'glibc' : undefined
}

/** Undefined under another C library. Waits for worker threads: for a failure that has to be explained. */
export function runningGlibcVersion(): string | undefined {
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined
  if (report === undefined) return undefined
  const { excludeNetwork } = report
  // Asking for the names of the network's interfaces may take seconds.
  report.excludeNetwork = true
  try {
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
    return header.glibcVersionRuntime
  } finally {
    report.excludeNetwork = excludeNetwork ?? false
  }
}
