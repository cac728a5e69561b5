/**
 * Directories that must not outlive this process: removed by their owner, or at the latest when the process
 * exits, whatever makes it. Only a process that is killed leaves one behind.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'

const directories = new Set<string>()

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

/** @param prefix - of the path; it ends in six random characters */
export function makeTemporaryDirectory(prefix: string): TemporaryDirectory {
  // Made and remembered in one turn: no signal comes in between.
  const path = mkdtempSync(prefix)
  if (directories.size === 0) process.on('exit', removeAll)
  directories.add(path)
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true })
      directories.delete(path)
      if (directories.size === 0) process.off('exit', removeAll)
    },
  }
}

function removeAll(): void {
  for (const path of directories) {
    try {
      // Threads may be at work in it until the very end.
      rmSync(path, { recursive: true, force: true, maxRetries: 3 })
    } catch {
      // The process ends, and there is nobody left to do anything about it.
    }
  }
}
