/**
 * How long the coordinator waits for others (reference 2.5).
 */

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
  slowProviderMillis: 1_000,
}

/** VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED above it. */
export const VOLUMES_PER_SET_MAX = 64
