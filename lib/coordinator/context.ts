/**
 * Contexts and the attributes that may be added to them (reference 2.9).
 */
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR, VSS_SNAPSHOT_CONTEXT } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'

/** The bits that make a context what it is. */
const BASE_MASK =
  ATTR.VSS_VOLSNAP_ATTR_PERSISTENT |
  ATTR.VSS_VOLSNAP_ATTR_CLIENT_ACCESSIBLE |
  ATTR.VSS_VOLSNAP_ATTR_NO_AUTO_RELEASE |
  ATTR.VSS_VOLSNAP_ATTR_NO_WRITERS

/** What a requester may add. */
const REQUESTER_MASK =
  ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE |
  ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL |
  ATTR.VSS_VOLSNAP_ATTR_PLEX |
  ATTR.VSS_VOLSNAP_ATTR_NO_AUTORECOVERY |
  ATTR.VSS_VOLSNAP_ATTR_NOT_TRANSACTED |
  ATTR.VSS_VOLSNAP_ATTR_ROLLBACK_RECOVERY |
  ATTR.VSS_VOLSNAP_ATTR_TXF_RECOVERY

const BASES: readonly number[] = [
  VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP,
  VSS_SNAPSHOT_CONTEXT.VSS_CTX_FILE_SHARE_BACKUP,
  VSS_SNAPSHOT_CONTEXT.VSS_CTX_NAS_ROLLBACK,
  VSS_SNAPSHOT_CONTEXT.VSS_CTX_APP_ROLLBACK,
  VSS_SNAPSHOT_CONTEXT.VSS_CTX_CLIENT_ACCESSIBLE,
  VSS_SNAPSHOT_CONTEXT.VSS_CTX_CLIENT_ACCESSIBLE_WRITERS,
]

/**
 * @throws VssError `VSS_E_UNSUPPORTED_CONTEXT` saying what does not go together; `E_INVALIDARG` for what is
 *   no number.
 */
export function checkContext(context: number): void {
  if (typeof context !== 'number') {
    throw new VssError('E_INVALIDARG', `a context is a number, not ${describeValue(context)}`, {
      culprit: 'context',
    })
  }
  // Signed or unsigned, as the headers of VSS print them; what has more bits would lose them below.
  if (!Number.isInteger(context) || context < -(2 ** 31) || context >= 2 ** 32) {
    throw new VssError('VSS_E_UNSUPPORTED_CONTEXT', `context ${context} is no whole number of 32 bits`)
  }
  if (context >>> 0 === VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL) return
  const has = (bit: number): boolean => (context & bit) !== 0
  const refuse = (why: string): never => {
    throw new VssError('VSS_E_UNSUPPORTED_CONTEXT', `context 0x${(context >>> 0).toString(16)}: ${why}`)
  }
  if (!BASES.includes(context & BASE_MASK)) refuse('it is none of the six')
  if ((context & ~(BASE_MASK | REQUESTER_MASK)) !== 0) refuse('it has bits that only the system sets')
  const added = context & REQUESTER_MASK
  if (added !== 0 && has(ATTR.VSS_VOLSNAP_ATTR_CLIENT_ACCESSIBLE)) {
    refuse('nothing can be added to a client-accessible context')
  }
  if (has(ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL) && has(ATTR.VSS_VOLSNAP_ATTR_PLEX)) {
    refuse('DIFFERENTIAL and PLEX exclude each other')
  }
  if (
    has(ATTR.VSS_VOLSNAP_ATTR_NO_AUTORECOVERY) &&
    has(ATTR.VSS_VOLSNAP_ATTR_TXF_RECOVERY | ATTR.VSS_VOLSNAP_ATTR_ROLLBACK_RECOVERY)
  ) {
    refuse('NO_AUTORECOVERY excludes the recovery attributes')
  }
}

/** Whether sets can be made in it; VSS_CTX_ALL is for administration only. */
export function canCreate(context: number): boolean {
  return context >>> 0 !== VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL
}

export function hasWriters(context: number): boolean {
  return canCreate(context) && (context & ATTR.VSS_VOLSNAP_ATTR_NO_WRITERS) === 0
}

export function isPersistent(context: number): boolean {
  return (context & ATTR.VSS_VOLSNAP_ATTR_PERSISTENT) !== 0
}

export function isAutoRelease(context: number): boolean {
  return (context & ATTR.VSS_VOLSNAP_ATTR_NO_AUTO_RELEASE) === 0
}

export function isTransportable(context: number): boolean {
  return (context & ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE) !== 0
}

export function wantsAutoRecovery(context: number): boolean {
  return (context & ATTR.VSS_VOLSNAP_ATTR_NO_AUTORECOVERY) === 0
}

/** Whether shadow copies made in `made` are seen by an object in `asked`. */
export function sees(asked: number, made: number): boolean {
  return asked >>> 0 === VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL || (asked & BASE_MASK) === (made & BASE_MASK)
}
