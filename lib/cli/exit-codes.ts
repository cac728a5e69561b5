/**
 * What the command ends with, by class of failure. Scripts decide by these; so a code once given out
 * keeps its meaning.
 */
import { firstThrown, type VssCode, VssError } from '../errors.ts'

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  busy: 4,
  damaged: 5,
  storage: 6,
  timeout: 7,
  internal: 70,
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** For --help; the order is that of the numbers. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done; for demo and check: and everything was found right'],
  [EXIT.failed, 'the operation failed, or something was found wrong'],
  [EXIT.usage, 'wrong command line, or an argument that cannot be right'],
  [EXIT.notFound, 'no such array, LUN, shadow copy or file'],
  [EXIT.busy, 'in use, locked, being changed, or there already'],
  [EXIT.damaged, 'damaged, changed from outside, or of a kind that is not supported'],
  [EXIT.storage, 'the disk: I/O error, no space, no permission'],
  [EXIT.timeout, 'somebody took too long or vetoed; a later attempt may succeed'],
  [EXIT.internal, 'a defect in Holdfast'],
  [EXIT.interrupted, 'interrupted; what was begun was undone'],
]

/** Codes that are not here end in `failed`. */
export const EXIT_OF_CODE: Readonly<Partial<Record<VssCode, ExitCode>>> = {
  E_INVALIDARG: EXIT.usage,
  ERR_INVALID_ARGUMENT: EXIT.usage,
  ERR_OUT_OF_RANGE: EXIT.usage,
  ERR_ALIGNMENT: EXIT.usage,
  ERR_LUN_SIZE: EXIT.usage,

  VSS_E_OBJECT_NOT_FOUND: EXIT.notFound,
  VSS_E_PROVIDER_NOT_REGISTERED: EXIT.notFound,
  ERR_ARRAY_NOT_FOUND: EXIT.notFound,
  ERR_LUN_NOT_FOUND: EXIT.notFound,
  ERR_COPY_GONE: EXIT.notFound,

  VSS_E_OBJECT_ALREADY_EXISTS: EXIT.busy,
  VSS_E_SNAPSHOT_SET_IN_PROGRESS: EXIT.busy,
  VSS_E_VOLUME_IN_USE: EXIT.busy,
  VSS_E_PROVIDER_IN_USE: EXIT.busy,
  ERR_ARRAY_EXISTS: EXIT.busy,
  ERR_ARRAY_LOCKED: EXIT.busy,
  ERR_LUN_IN_USE: EXIT.busy,
  ERR_LUN_ADOPTED: EXIT.busy,

  VSS_E_VOLUME_NOT_SUPPORTED: EXIT.damaged,
  VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER: EXIT.damaged,
  VSS_E_UNSUPPORTED_CONTEXT: EXIT.damaged,
  VSS_E_NOT_SUPPORTED: EXIT.damaged,
  E_NOTIMPL: EXIT.damaged,
  ERR_ARRAY_DAMAGED: EXIT.damaged,
  ERR_ARRAY_FORMAT: EXIT.damaged,
  ERR_LUN_CHANGED: EXIT.damaged,
  ERR_DISK_TOO_SMALL: EXIT.damaged,
  ERR_DISK_LAYOUT: EXIT.damaged,
  ERR_DISK_DAMAGED: EXIT.damaged,

  E_ACCESSDENIED: EXIT.storage,
  E_OUTOFMEMORY: EXIT.storage,
  VSS_E_INSUFFICIENT_STORAGE: EXIT.storage,
  VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED: EXIT.storage,
  VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED: EXIT.storage,
  ERR_IO: EXIT.storage,
  ERR_NO_SPACE: EXIT.storage,
  ERR_OUT_OF_MEMORY: EXIT.storage,
  ERR_ARRAY_READ_ONLY: EXIT.storage,
  ERR_LUN_READ_ONLY: EXIT.storage,

  VSS_E_FLUSH_WRITES_TIMEOUT: EXIT.timeout,
  VSS_E_HOLD_WRITES_TIMEOUT: EXIT.timeout,
  VSS_E_WRITER_NOT_RESPONDING: EXIT.timeout,
  VSS_E_WRITERERROR_TIMEOUT: EXIT.timeout,
  VSS_E_WRITERERROR_RETRYABLE: EXIT.timeout,
  VSS_E_PROVIDER_VETO: EXIT.timeout,

  VSS_E_UNEXPECTED: EXIT.internal,
  VSS_E_UNEXPECTED_PROVIDER_ERROR: EXIT.internal,
  ERR_INTERNAL: EXIT.internal,

  ERR_CANCELLED: EXIT.interrupted,
  VSS_S_ASYNC_CANCELLED: EXIT.interrupted,
}

/** Of the system calls that the command makes itself. */
const EXIT_OF_ERRNO: Readonly<Record<string, ExitCode>> = {
  ENOENT: EXIT.notFound,
  ENOTDIR: EXIT.notFound,
  EEXIST: EXIT.busy,
  EBUSY: EXIT.busy,
  EISDIR: EXIT.usage,
  EACCES: EXIT.storage,
  EPERM: EXIT.storage,
  EROFS: EXIT.storage,
  ENOSPC: EXIT.storage,
  EDQUOT: EXIT.storage,
  EFBIG: EXIT.storage,
  EIO: EXIT.storage,
}

/** The exit code for anything that was thrown. */
export function exitCodeOf(anything: unknown): ExitCode {
  const thrown = firstThrown(anything)
  if (thrown instanceof VssError) return EXIT_OF_CODE[thrown.code] ?? EXIT.failed
  const errno = errnoOf(thrown)
  return errno === undefined ? EXIT.internal : (EXIT_OF_ERRNO[errno] ?? EXIT.failed)
}

/** The name of the system's error, if it is one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('syscall' in thrown) || !('code' in thrown)) return undefined
  return String(thrown.code)
}
