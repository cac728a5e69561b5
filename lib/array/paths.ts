/** Paths as the array takes them, and what is said of the files behind them. */
import { resolve } from 'node:path'
import { describeValue, type VssCode, VssError } from '../errors.ts'

/** What goes wrong with an image has another remedy than what goes wrong with a LUN of the array. */
export function aboutImage(error: VssError, path: string): VssError {
  const remedies: Partial<Record<VssCode, string>> = {
    ERR_LUN_NOT_FOUND: 'Check the path; a relative one counts from the working directory of this process.',
    ERR_LUN_READ_ONLY: 'Let this process read and write the image, on a file system that is not read-only.',
  }
  const { code, text, errno } = error
  const remedy = remedies[code]
  if (remedy === undefined) return error
  return new VssError(code, text, { culprit: path, remedy, ...(errno === undefined ? {} : { errno }) })
}

/** Relative to the directory at the time of the call, not to that of some later moment. */
export function absolute(path: string): string {
  if (typeof path !== 'string' || path === '') {
    throw new VssError(
      'ERR_INVALID_ARGUMENT',
      `a path must be a string that is not empty, not ${describeValue(path)}`,
    )
  }
  return resolve(path)
}
