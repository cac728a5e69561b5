/** What the system says about a file, as an error that names the file and says what can be done. */
import { describeThrown, type VssCode, VssError, type VssErrorOptions } from './errors.ts'

const CODE_OF_ERRNO: Readonly<Record<string, VssCode>> = {
  ENOENT: 'VSS_E_OBJECT_NOT_FOUND',
  ENOTDIR: 'VSS_E_OBJECT_NOT_FOUND',
  EEXIST: 'VSS_E_OBJECT_ALREADY_EXISTS',
  EISDIR: 'ERR_INVALID_ARGUMENT',
  ELOOP: 'ERR_INVALID_ARGUMENT',
  ENAMETOOLONG: 'ERR_INVALID_ARGUMENT',
  EACCES: 'E_ACCESSDENIED',
  EPERM: 'E_ACCESSDENIED',
  EROFS: 'E_ACCESSDENIED',
  ENOSPC: 'ERR_NO_SPACE',
  EDQUOT: 'ERR_NO_SPACE',
  EFBIG: 'ERR_NO_SPACE',
}

/** Where the general advice of a code is about something else than a file. */
export type Remedies = Readonly<Partial<Record<VssCode, string>>>

/** For files that are made. */
export const REMEDIES_OF_OUTPUT: Remedies = {
  VSS_E_OBJECT_NOT_FOUND: 'Make the directory first, or choose another place.',
  VSS_E_OBJECT_ALREADY_EXISTS: 'Choose another name.',
  ERR_INVALID_ARGUMENT: 'Choose another name.',
  E_ACCESSDENIED: 'Choose a place that may be written to.',
  ERR_NO_SPACE: 'Free space there, or choose another place.',
}

/** Anything that the system has not said is given back as it is: an abort or a defect is about no file. */
export function systemErrorAbout(path: string, thrown: unknown, remedies: Remedies): unknown {
  if (!(thrown instanceof Error) || thrown instanceof VssError) return thrown
  if (!('syscall' in thrown) || !('code' in thrown)) return thrown
  const code = CODE_OF_ERRNO[String(thrown.code)] ?? 'ERR_IO'
  const text = describeThrown(thrown)
  const options: VssErrorOptions = { cause: thrown, culprit: path }
  const remedy = remedies[code]
  if (remedy !== undefined) options.remedy = remedy
  if ('errno' in thrown && typeof thrown.errno === 'number') options.errno = -thrown.errno
  return new VssError(code, text.includes(path) ? text : `${path}: ${text}`, options)
}
