/**
 * The proof of the disks of a set: partition tables, flags and identifiers of each original and of the
 * copy that was made of it.
 */
import { askLun } from '../host/lun-information.ts'
import { type DiskLayout, layoutOf, readDiskEnds, vssFlagsForCopy } from '../host/partition-table.ts'
import type { ByteSource } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import { identifiersOf, layoutProblems } from './disk.ts'

/** A disk as it was read for the proof. */
export interface ProvedDisk {
  /** As people know it. */
  name: string
  layout: DiskLayout
  /** The flags that a copy of such a disk has to carry. */
  flagsForCopy: bigint
  /** Everything by which it is told from other disks. */
  identifiers: string[]
}

export interface DiskPair {
  original: ProvedDisk
  copy: ProvedDisk
}

/** What the proof reads of a LUN: its bytes, and its answers to INQUIRY. */
export interface ReadLun extends ByteSource {
  inquiry(): Buffer
  vpd(page: number): Buffer
}

export async function readDisk(lun: ReadLun, name: string): Promise<ProvedDisk> {
  const ends = await readDiskEnds(lun)
  const layout = layoutOf(ends)
  return {
    name,
    layout,
    flagsForCopy: vssFlagsForCopy(ends),
    identifiers: identifiersOf(layout, askLun(lun)),
  }
}

export function proveTables(pairs: readonly DiskPair[]): Check {
  const name = 'the partition tables of originals and copies are valid'
  const disks = pairs.flatMap(({ original, copy }) => [original, copy])
  const tables = disks.filter(({ layout }) => layout.kind !== 'none')
  if (tables.length === 0) return { name, skipped: 'no disk has a partition table' }
  const problems = tables.flatMap((disk) =>
    layoutProblems(disk.layout).map((problem) => `${disk.name}: ${problem}`),
  )
  for (const { original, copy } of pairs) {
    if (shapeOf(original.layout) !== shapeOf(copy.layout))
      problems.push(`${copy.name} is not divided as ${original.name} is`)
  }
  const partitionCount = tables.reduce((sum, { layout }) => sum + layout.partitions.length, 0)
  return checkOf(name, problems, `${partitionCount} partitions on ${tables.length} disks`)
}

/** Kind of table, and where the partitions lie: what a copy has in common with its original. */
function shapeOf({ kind, partitions }: DiskLayout): string {
  return [kind, ...partitions.map(({ index, firstLba, lastLba }) => `${index}:${firstLba}-${lastLba}`)].join()
}

export function proveFlags(pairs: readonly DiskPair[]): Check {
  const name = 'the partitions of the copies carry the flags of shadow copies'
  const problems: string[] = []
  let partitionCount = 0
  for (const { copy } of pairs) {
    for (const { index, vssFlags, isExtended } of copy.layout.partitions) {
      if (isExtended) continue
      partitionCount++
      if ((vssFlags & copy.flagsForCopy) === copy.flagsForCopy) continue
      problems.push(
        `${copy.name}: partition ${index} has flags 0x${vssFlags.toString(16)}, ` +
          `not 0x${copy.flagsForCopy.toString(16)}`,
      )
    }
  }
  if (partitionCount === 0) return { name, skipped: 'no copy has a partition' }
  return checkOf(name, problems, `read back from ${partitionCount} partitions of ${pairs.length} copies`)
}

export function proveIdentifiers(pairs: readonly DiskPair[]): Check {
  const problems: string[] = []
  const owners = new Map<string, string>()
  for (const { name, identifiers } of pairs.flatMap(({ original, copy }) => [original, copy])) {
    if (identifiers.length === 0) problems.push(`${name} has no identifier`)
    for (const identifier of identifiers) {
      const owner = owners.get(identifier)
      if (owner !== undefined) problems.push(`${owner} and ${name} share ${identifier}`)
      owners.set(identifier, name)
    }
  }
  return checkOf(
    "the copies' disks have new identifiers",
    problems,
    `${owners.size} identifiers (disk, partitions, serial number, VPD page 83h), no two alike`,
  )
}
