/**
 * The failures of an array in the words of a provider.
 */
import { type VssCode, VssError } from '../errors.ts'

/** By which people know it. */
export const ARRAY_PROVIDER_NAME = 'Holdfast array provider'

const PROVIDER_CODE_OF: Partial<Record<VssCode, VssCode>> = {
  ERR_NO_SPACE: 'VSS_E_INSUFFICIENT_STORAGE',
  ERR_OUT_OF_MEMORY: 'E_OUTOFMEMORY',
  ERR_LUN_NOT_FOUND: 'VSS_E_OBJECT_NOT_FOUND',
  ERR_COPY_GONE: 'VSS_E_OBJECT_NOT_FOUND',
  ERR_LUN_IN_USE: 'E_ACCESSDENIED',
  ERR_LUN_SIZE: 'E_INVALIDARG',
  VSS_E_RESYNC_IN_PROGRESS: 'VSS_E_BAD_STATE',
  ERR_CANCELLED: 'VSS_E_PROVIDER_VETO',
  VSS_E_SNAPSHOT_SET_IN_PROGRESS: 'VSS_E_PROVIDER_VETO',
}

/** The array's failures in the words of a provider; what has none stays and becomes an unexpected error. */
export async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    const code = thrown instanceof VssError ? PROVIDER_CODE_OF[thrown.code] : undefined
    if (!(thrown instanceof VssError) || code === undefined) throw thrown
    throw new VssError(code, thrown.text, { cause: thrown, culprit: ARRAY_PROVIDER_NAME })
  }
}
