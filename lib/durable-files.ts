/** Files that are on disk before anybody is told of them. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Makes a file for its owner alone; one that is there already is an error of the system, EEXIST. */
export async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes names in a directory as durable as the files behind them. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
