/**
 * How long the coordinator waits for others (reference 2.5).
 */
import { VssError } from '../errors.ts'

export interface CoordinatorLimits {
  /** Flush and hold together: VSS fixes it at 10 s. Tests may shorten it; longer is refused. */
  holdMillis: number
  /** Identify, PrepareForBackup, PrepareForSnapshot, PostSnapshot, BackupComplete, BackupShutdown. */
  handlerMillis: number
  /** Beyond its window, until a writer that does not even report the end of it counts as silent. */
  writerGraceMillis: number
  /** Asking a writer where it stands. */
  statusMillis: number
  /** Arrival of the copies' disks on the host. */
  arrivalMillis: number
  /** Any other call of the host or of kernel support. */
  hostCallMillis: number
  /** Letting a provider go: its onUnload and the end of its connection. */
  unloadMillis: number
  /** A provider call inside the freeze that takes longer is warned of by name (R94). */
  slowProviderMillis: number
}

export const DEFAULT_LIMITS: Readonly<CoordinatorLimits> = {
  holdMillis: 10_000,
  handlerMillis: 600_000,
  writerGraceMillis: 1_000,
  statusMillis: 30_000,
  arrivalMillis: 60_000,
  hostCallMillis: 120_000,
  unloadMillis: 60_000,
  slowProviderMillis: 1_000,
}

/**
 * The limits to go by: those that were given, the defaults for the others.
 *
 * @throws VssError `E_INVALIDARG` naming a limit that is not a finite number from 0 upwards. A timer would
 *   take such a value for 1 ms.
 */
export function withDefaults<T extends object>(defaults: Readonly<T>, given: Partial<T>): T {
  const limits: T = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof T & string)[]) {
    const value: unknown = given[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw new VssError('E_INVALIDARG', `the limit ${name} is ${String(value)}, of type ${typeof value}`, {
        remedy: 'Give a finite number of milliseconds, at least 0.',
      })
    }
    limits[name] = value as T[typeof name]
  }
  return limits
}

/** VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED above it. */
export const VOLUMES_PER_SET_MAX = 64
