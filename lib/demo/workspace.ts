/**
 * The array of a demo: in the fastest temporary directory there is, gone when the demo ends.
 */
import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageArray } from '../array/storage-array.ts'
import { makeTemporaryDirectory } from './temporary.ts'

const MEMORY_DIRECTORY = '/dev/shm'

export interface Workspace {
  arrayPath: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes an array that holds what `fill` puts into it, and closes it again. */
export async function makeWorkspace<T>(
  neededBytes: number,
  fill: (array: StorageArray) => Promise<T>,
): Promise<Workspace & { filled: T }> {
  const directory = makeTemporaryDirectory(join(fastestDirectory(neededBytes), 'holdfast-demo-'))
  const remove = async (): Promise<void> => await directory[Symbol.asyncDispose]()
  const arrayPath = join(directory.path, 'array')
  try {
    await using array = await StorageArray.create(arrayPath)
    return { arrayPath, filled: await fill(array), [Symbol.asyncDispose]: remove }
  } catch (thrown) {
    await remove()
    throw thrown
  }
}

/** Where TMPDIR says, if it says so; else in memory, if there is room for twice of what is needed. */
function fastestDirectory(neededBytes: number): string {
  if (process.env['TMPDIR'] !== undefined) return tmpdir()
  try {
    accessSync(MEMORY_DIRECTORY, constants.W_OK)
    const { bavail, bsize } = statfsSync(MEMORY_DIRECTORY)
    return bavail * bsize >= 2 * neededBytes ? MEMORY_DIRECTORY : tmpdir()
  } catch {
    return tmpdir()
  }
}
