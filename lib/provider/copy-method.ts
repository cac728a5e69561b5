/**
 * Which kind of copy a LUN gets.
 *
 * A differential copy costs nothing to make and shares what was not written with its source. A plex is filled in full:
 * it takes time, and as much room as its source has data, and then shares nothing. A requester says which of the two
 * it wants with an attribute of the context, and gets that or is refused. Where it says neither, a plex is made when
 * all of this holds, and a differential copy otherwise:
 *
 *   expected life   the context is transportable: the copy is to be taken away from its source
 *   free space      a fifth of the file system is left, or more, after the plex has its room
 *   number          the LUN has no plex yet, since the second one would be the same data in full again
 *
 * A plex that was chosen and then finds no room is made as a differential copy.
 */
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR } from '../enums.ts'
import type { CopyMethod } from './interfaces.ts'

export interface CopyFacts {
  context: number
  /** What the source takes up: the most that a plex of it could. */
  allocatedBytes: number
  freeBytes: number
  /** Of the file system. */
  totalBytes: number
  /** Plexes of this LUN that there are. */
  plexCount: number
}

const FREE_SHARE_LEFT = 0.2

/** What the requester has asked for; undefined if that is left to the array. */
export function requestedMethod(context: number): CopyMethod | undefined {
  if ((context & ATTR.VSS_VOLSNAP_ATTR_PLEX) !== 0) return 'plex'
  return (context & ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL) === 0 ? undefined : 'differential'
}

/** Whether the rule has to know more than the context. */
export const mayChoosePlex = (context: number): boolean =>
  (context & ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE) !== 0

export function chosenMethod(facts: CopyFacts): CopyMethod {
  const { context, allocatedBytes, freeBytes, totalBytes, plexCount } = facts
  const leavesEnough = freeBytes - allocatedBytes >= totalBytes * FREE_SHARE_LEFT
  return mayChoosePlex(context) && leavesEnough && plexCount === 0 ? 'plex' : 'differential'
}
