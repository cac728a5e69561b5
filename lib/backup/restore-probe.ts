/** What a restore has to know of the place it restores to (reference 2.11: methods). */
import { constants } from 'node:fs'
import { access, lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { VssError } from '../errors.ts'
import { codeOf } from './real-place.ts'

export interface RestoreProbe {
  /** Whether there is something of this name. */
  exists(path: string): Promise<boolean>
  /** Whether the file can be put there, replacing the one that may be there. */
  canReplace(path: string): Promise<boolean>
}

/**
 * The system that the program runs on. A file can be replaced if its directory can be written to and nothing but a file
 * or link has its name; one that is not there, if its directory can be made. That a program has a file open is no
 * obstacle on Linux.
 */
export const systemProbe: RestoreProbe = {
  async exists(path) {
    return (await statsOf(path)) !== undefined
  },

  async canReplace(path) {
    if ((await statsOf(path))?.isDirectory()) return false
    for (let directory = dirname(path); ; directory = dirname(directory)) {
      const stats = await statsOf(directory)
      if (stats === undefined && directory !== dirname(directory)) continue
      if (stats?.isSymbolicLink() === false && !stats.isDirectory()) return false
      return isWritable(directory)
    }
  },
}

async function statsOf(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path)
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new VssError('ERR_IO', `${path} cannot be looked at`, { culprit: path, cause: thrown })
  }
}

async function isWritable(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
