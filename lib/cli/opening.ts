/** Opening what a command works on, and closing it before the command says that it has succeeded. */
import { StorageArray } from '../array/storage-array.ts'
import type { Guid } from '../ids.ts'
import { type LocalService, openLocalService } from '../service/local-service.ts'
import { announce } from './progress.ts'

export interface OpenFlags {
  acceptChanged?: boolean
}

export function openArray(dir: string, { acceptChanged = false }: OpenFlags = {}): Promise<StorageArray> {
  return announce(`opening ${dir}`, StorageArray.open(dir, { acceptChanged }))
}

/** @param luns - to be mapped */
export function openService(dir: string, luns: readonly Guid[]): Promise<LocalService> {
  return announce(`opening ${dir}`, openLocalService({ arrayPath: dir, luns }))
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
