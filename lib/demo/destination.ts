/**
 * Putting a file where something may be already. What is there is looked at without following links, and
 * only a plain file is ever replaced; what must survive is known by what it is, not by its name.
 */
import type { Stats } from 'node:fs'
import { link, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { VssError } from '../errors.ts'
import { REMEDIES_OF_OUTPUT, systemErrorAbout } from '../system-error.ts'

/** What each file that must survive is, by {@link identityOf}. */
export type PreciousFiles = ReadonlyMap<string, string>

export interface Replacement {
  precious: PreciousFiles
  /** Whether a plain file that is none of those may be replaced. */
  isAllowed: boolean
  /** How to have it replaced, or to do without. */
  remedy: string
}

const NOT_REPLACED = 'Choose another name: this is never replaced.'

/** Device and inode; undefined if nothing is there. */
export async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

/**
 * @returns whether a plain file is there, which may be replaced
 * @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` for anything that may not
 */
export async function requireReplaceable(
  path: string,
  { precious, isAllowed, remedy }: Replacement,
): Promise<boolean> {
  let found: Stats
  try {
    found = await lstat(path)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return false
    throw systemErrorAbout(path, thrown, REMEDIES_OF_OUTPUT)
  }
  const refuse = (what: string, advice: string): VssError =>
    new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `${path} ${what}`, { culprit: path, remedy: advice })
  if (!found.isFile()) throw refuse(`is there already, and is ${kindOf(found)}`, NOT_REPLACED)
  const what = precious.get((await identityOf(path)) ?? '')
  if (what !== undefined) throw refuse(`is ${what}`, NOT_REPLACED)
  if (!isAllowed) throw refuse('is there already', remedy)
  return true
}

/**
 * Gives a file that is complete and on disk its name, which is on disk then too.
 *
 * @param replace - without it, a file that has appeared there meanwhile stays, and this fails
 */
export async function putInPlace(from: string, to: string, replace: boolean): Promise<void> {
  try {
    if (replace || !(await linkTo(from, to))) await rename(from, to)
    await syncDirectory(dirname(to))
  } catch (thrown) {
    throw systemErrorAbout(to, thrown, REMEDIES_OF_OUTPUT)
  }
}

/** A second name instead of a new one: that is how the system refuses to replace anything. */
async function linkTo(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') throw thrown
    // Not every file system has second names.
    return false
  }
  await rm(from)
  return true
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } catch (thrown) {
    // Some file systems cannot.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EINVAL')) throw thrown
  } finally {
    await directory.close()
  }
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a directory'
  if (found.isSymbolicLink()) return 'a symbolic link'
  if (found.isFIFO()) return 'a FIFO'
  if (found.isSocket()) return 'a socket'
  return 'a device'
}
