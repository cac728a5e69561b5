/**
 * ImportSnapshots: the shadow copies of a transportable set come to this host, which is told of them by the Backup
 * Components Document alone (reference 2.10).
 *
 * The provider unmasks the LUNs, the host rescans, the provider completes what is known of each disk that has
 * arrived, and what has arrived is compared with the document: LUNs by their identifiers, volumes by their
 * extents. Other volumes on these LUNs are not part of the set (R174). LUNs that have been unmasked stay so when
 * the import fails: the copies are still there, and deleting them is the requester's decision.
 */
import { withLimit } from '../clock.ts'
import { describeLun, distinctLuns, hasUniqueIdentifier, isSameLun } from '../document/lun-identity.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { TransportableSet, TransportableSnapshot } from '../document/transportable-set.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR, VSS_SNAPSHOT_STATE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, type Guid } from '../ids.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type { StoredSnapshot } from '../provider/snapshot-set-description.ts'
import { askHost, type CopyParties } from './copy-parties.ts'
import type { ArrivedLun, ImportedVolume, MissingVolume, VolumeToImport } from './host.ts'

/** What has come, and what has not. */
export interface SetImport {
  code: 'S_OK' | 'VSS_S_SOME_SNAPSHOTS_NOT_IMPORTED'
  snapshotSetId: Guid
  imported: Guid[]
  missing: MissingVolume[]
}

/** A shadow copy of the document with the LUNs it lies on, all of them named. */
interface Expected {
  snapshot: TransportableSnapshot
  provider: ProviderHost
  targets: VdsLunInformation[]
}

/**
 * Once per set. A signal counts until the volumes are brought in.
 *
 * @throws VssError `VSS_E_BAD_STATE`, `VSS_E_NONTRANSPORTABLE_BCD`, `VSS_E_PROVIDER_NOT_REGISTERED`,
 *   `VSS_E_CLUSTER_ERROR` on a member of a cluster, `VSS_E_NO_SNAPSHOTS_IMPORTED`
 */
export async function importSet(
  parties: CopyParties,
  set: TransportableSet,
  signal: AbortSignal,
): Promise<SetImport> {
  return parties.catalogue.change(async () => {
    requireNotImported(parties, set)
    const expected = set.snapshots.map((snapshot) => expect(parties, snapshot))
    const { clusterMember, machineName } = await askHost(parties, 'identity', parties.host.identity())
    if (clusterMember) {
      throw new VssError('VSS_E_CLUSTER_ERROR', `host ${machineName} is a member of a cluster`)
    }
    const arrived = await arrivals(parties, expected, signal)
    signal.throwIfAborted()
    const { imported, missing } = await bringIn(parties, set, expected, arrived)
    if (imported.length === 0) throw nothingImported(set, missing)
    keep(parties, set, expected, imported, machineName)
    return {
      code: missing.length === 0 ? 'S_OK' : 'VSS_S_SOME_SNAPSHOTS_NOT_IMPORTED',
      snapshotSetId: set.snapshotSetId,
      imported: imported.map(({ snapshotId }) => snapshotId),
      missing,
    }
  }, signal)
}

function requireNotImported({ catalogue }: CopyParties, { snapshotSetId }: TransportableSet): void {
  const here = catalogue
    .describe(snapshotSetId)
    ?.snapshots.some(({ properties }) => !has(properties, ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED))
  if (here !== true) return
  throw new VssError('VSS_E_BAD_STATE', `snapshot set ${bracedGuid(snapshotSetId)} has been imported`, {
    remedy: 'A set is imported once; query its shadow copies.',
  })
}

function expect({ providers }: CopyParties, snapshot: TransportableSnapshot): Expected {
  const targets = snapshot.luns.flatMap(({ target }) => target ?? [])
  if (targets.length < snapshot.luns.length || !targets.every(hasUniqueIdentifier)) {
    const copy = `the copy of ${snapshot.originalVolume}`
    throw new VssError('VSS_E_NONTRANSPORTABLE_BCD', `the document does not say on which LUNs ${copy} lies`)
  }
  return { snapshot, provider: providers.get(snapshot.providerId), targets }
}

/** The LUNs that came, as their providers know them. */
async function arrivals(
  { clock, host, limits }: CopyParties,
  expected: readonly Expected[],
  signal: AbortSignal,
): Promise<ArrivedLun[]> {
  const makers = new Map<ProviderHost, VdsLunInformation[]>()
  for (const { provider, targets } of expected) {
    makers.set(provider, distinctLuns([...(makers.get(provider) ?? []), ...targets]))
  }
  for (const [provider, targets] of makers) await provider.call('locateLuns', [targets], signal)
  const limitMillis = limits.arrivalMillis
  const wanted = distinctLuns([...makers.values()].flat())
  const arrived = await withLimit(clock, host.rescan(wanted, limitMillis, { signal }), {
    limitMillis: limitMillis + limits.hostCallMillis,
    signal,
  })
  for (const disk of arrived) {
    for (const provider of makers.keys()) {
      const args = [disk.deviceName, disk.lunInformation] as [string, VdsLunInformation]
      const { isSupported, lun } = await provider.call('fillInLunInfo', args, signal)
      if (isSupported) disk.lunInformation = lun
    }
  }
  return arrived
}

async function bringIn(
  parties: CopyParties,
  set: TransportableSet,
  expected: readonly Expected[],
  arrived: readonly ArrivedLun[],
): Promise<{ imported: ImportedVolume[]; missing: MissingVolume[] }> {
  const missing: MissingVolume[] = []
  const present: VolumeToImport[] = []
  for (const one of expected) {
    const found = locate(one, arrived)
    if ('extents' in found) present.push(found)
    else missing.push(found)
  }
  if (present.length === 0) return { imported: [], missing }
  const work = parties.host.importVolumes(set.snapshotSetId, present)
  const result = await askHost(parties, 'importVolumes', work)
  return { imported: result.imported, missing: [...missing, ...result.missing] }
}

function locate(
  { snapshot, targets }: Expected,
  arrived: readonly ArrivedLun[],
): VolumeToImport | MissingVolume {
  const { snapshotId, originalVolume, extents } = snapshot
  const lunIds: string[] = []
  for (const target of targets) {
    const disk = arrived.find(({ lunInformation }) => isSameLun(lunInformation, target))
    if (disk === undefined || disk.readOnly) {
      const how = disk === undefined ? 'did not arrive' : 'arrived mapped read-only'
      return { snapshotId, code: 'VSS_E_MISSING_DISK', reason: `${describeLun(target)} ${how}` }
    }
    lunIds.push(disk.lunId)
  }
  return {
    snapshotId,
    originalVolumeName: originalVolume,
    extents: extents.map(({ lunIndex, offsetBytes, lengthBytes }) => ({
      lunId: lunIds[lunIndex] ?? '',
      diskIndex: lunIndex,
      offsetBytes,
      lengthBytes,
    })),
  }
}

/** From here on the set is known on this host like one that was made here. */
function keep(
  { catalogue, clock }: CopyParties,
  set: TransportableSet,
  expected: readonly Expected[],
  imported: readonly ImportedVolume[],
  machineName: string,
): void {
  const known = catalogue.describe(set.snapshotSetId)?.snapshots ?? []
  const snapshots = expected.flatMap(({ snapshot, targets }): StoredSnapshot[] => {
    const { snapshotId, originalVolume, providerId, extents, luns } = snapshot
    const here = imported.find((volume) => volume.snapshotId === snapshotId)
    const before = known.find(({ properties }) => properties.snapshotId === snapshotId)
    if (here === undefined) return before === undefined ? [] : [before]
    const attributes =
      before?.properties.snapshotAttributes ?? set.context | ATTR.VSS_VOLSNAP_ATTR_HARDWARE_ASSISTED
    return [
      {
        properties: {
          snapshotId,
          snapshotSetId: set.snapshotSetId,
          snapshotsCount: set.snapshots.length,
          snapshotDeviceObject: here.deviceObject,
          originalVolumeName: originalVolume,
          originatingMachine: set.originatingMachine,
          serviceMachine: machineName,
          exposedName: undefined,
          exposedPath: undefined,
          providerId,
          snapshotAttributes:
            (attributes & ~ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED) | ATTR.VSS_VOLSNAP_ATTR_IMPORTED,
          // The document does not say when the set was made; the host that made it knows.
          creationTimestampMillis: before?.properties.creationTimestampMillis ?? clock.wallMillis(),
          status: VSS_SNAPSHOT_STATE.VSS_SS_CREATED,
        },
        sourceLuns: luns.map(({ original }) => original),
        targetLuns: targets,
        extents,
      },
    ]
  })
  catalogue.add({ setId: set.snapshotSetId, context: set.context, snapshots })
}

function has({ snapshotAttributes }: StoredSnapshot['properties'], bit: number): boolean {
  return (snapshotAttributes & bit) !== 0
}

function nothingImported(set: TransportableSet, missing: readonly MissingVolume[]): VssError {
  const [first] = missing
  const why = missing.map(({ reason }) => reason).join('; ') || 'the set has no shadow copies'
  return new VssError(
    'VSS_E_NO_SNAPSHOTS_IMPORTED',
    `none of ${set.snapshots.length} shadow copies of set ${bracedGuid(set.snapshotSetId)} came: ${why}`,
    first === undefined ? {} : { cause: new VssError(first.code, first.reason) },
  )
}
