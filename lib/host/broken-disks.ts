/**
 * Breaking shadow copies off: their disks become ordinary ones of this host. The volumes stay what they are to
 * whoever has them open.
 */
import type { BreakOrder } from '../coordinator/host.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { HostDisk } from './disk.ts'
import type { DiskTable } from './disk-table.ts'

/** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, `VSS_E_BREAK_REVERT_ID_FAILED`; then nothing has changed */
export async function breakDisks(
  table: DiskTable,
  snapshotIds: readonly Guid[],
  { identity, readWrite }: BreakOrder,
): Promise<void> {
  const broken = snapshotIds.map((snapshotId) => {
    const volume = table.volumes.find((known) => known.snapshotId === snapshotId)
    if (volume !== undefined) return volume
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `shadow copy ${snapshotId} is not on this host`)
  })
  const disks = [...new Set(broken.map(({ disk }) => disk))]
  const free = disks.filter((disk) => obstacle(table, disk) === undefined)
  const kept = disks.find((disk) => !free.includes(disk))
  if (identity === 'original' && kept !== undefined) {
    throw new VssError('VSS_E_BREAK_REVERT_ID_FAILED', `${kept.deviceName}: ${obstacle(table, kept)}`, {
      culprit: kept.deviceName,
    })
  }
  for (const disk of disks) {
    if (identity !== 'imported' && free.includes(disk)) await disk.restoreIdentity()
    await disk.breakOff(readWrite)
  }
}

/** Why a disk cannot become again the disk that it was copied from. */
function obstacle(table: DiskTable, disk: HostDisk): string | undefined {
  const before = disk.originalIdentity
  if (before === undefined) return 'its identity of before is not known'
  for (const other of table.list()) {
    if (other === disk) continue
    const { kind, diskGuid, mbrSignature, partitions } = other.layout
    if (kind !== before.kind) continue
    const isTwin =
      kind === 'gpt'
        ? diskGuid === before.diskGuid ||
          partitions.some(({ uniqueGuid }) => uniqueGuid && before.partitionGuids.includes(uniqueGuid))
        : kind === 'mbr' && mbrSignature === before.mbrSignature
    if (isTwin) return `${other.deviceName} has that identity`
  }
  return undefined
}
