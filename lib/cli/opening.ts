/** Opening what a command works on, and closing it before the command says that it has succeeded. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Option } from 'commander'
import { StorageArray } from '../array/storage-array.ts'
import type { IoMode } from '../binding-values.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { type LocalService, openLocalService } from '../service/local-service.ts'
import { announce } from './progress.ts'

/** Of every command that opens an array. */
export interface OpenFlags {
  acceptChanged?: boolean
}

export function acceptChangedOption(): Option {
  return new Option('--accept-changed', 'take adopted images as they are, although somebody changed them')
}

export function openArray(dir: string, { acceptChanged = false }: OpenFlags): Promise<StorageArray> {
  return announce(`opening ${dir}`, explaining(dir, StorageArray.open(dir, { acceptChanged })))
}

/** @param luns - to be mapped */
export function openService(
  dir: string,
  luns: readonly Guid[],
  { acceptChanged = false }: OpenFlags,
): Promise<LocalService> {
  const opening = openLocalService({ arrayPath: dir, luns, acceptChanged })
  return announce(`opening ${dir}`, explaining(dir, opening))
}

export async function createArray(dir: string, mode: IoMode): Promise<StorageArray> {
  const path = resolve(dir)
  const parent = dirname(path)
  const trouble = whyNoDirectory(parent)
  if (trouble !== undefined) {
    const remedy = 'Make that directory first, or choose another place.'
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', trouble, { culprit: parent, remedy })
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `${path} is there already, and is not a directory`, {
      culprit: path,
      remedy: 'Choose another name.',
    })
  }
  return await StorageArray.create(path, { mode })
}

/**
 * What `work` makes of something that is open. Closing is part of the work: on a full disk it is what
 * fails, and a result that was printed by then would have been a lie.
 */
export async function closing<T extends AsyncDisposable, R>(
  opening: Promise<T>,
  work: (opened: T) => Promise<R> | R,
): Promise<R> {
  await using opened = await opening
  return await work(opened)
}

/** Puts what the API says into the words of the command. */
async function explaining<T>(dir: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (thrown) {
    if (!(thrown instanceof VssError)) throw thrown
    const { code, culprit = dir } = thrown
    const trouble = code === 'ERR_ARRAY_NOT_FOUND' ? whyNoDirectory(resolve(dir)) : undefined
    if (trouble !== undefined) throw new VssError(code, trouble, { cause: thrown, culprit })
    const [text, advice] = thrown.text.split('. Open with acceptChanged')
    if (advice === undefined || text === undefined) throw thrown
    const remedy = 'Add --accept-changed if the change was meant; old shadow copies may then be wrong.'
    throw new VssError(code, text, { cause: thrown, culprit, remedy })
  }
}

function whyNoDirectory(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : `${path} is not a directory`
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return `${path} lies below something that is not a directory`
    // Of anything else the array itself says more.
    return code === 'ENOENT' ? `there is no directory ${path}` : undefined
  }
}
