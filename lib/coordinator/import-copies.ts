/**
 * Auto-import: bringing the copies of a hardware set into the host that made them (step 14).
 *
 * The provider says which LUNs are the copies and unmasks them, the host rescans, and what arrived is
 * compared with what was promised. Only identifiers count: a LUN that merely looks right is a stranger.
 */
import type { Clock } from '../clock.ts'
import { withLimit } from '../clock.ts'
import { describeLun, hasUniqueIdentifier, isSameLun } from '../document/lun-identity.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type { ArrivedLun, ImportedVolume, MissingVolume, VolumeHost, VolumeToImport } from './host.ts'
import type { CoordinatorLimits } from './limits.ts'
import type { SetMember, SnapshotSet } from './snapshot-set.ts'
import type { Timeline } from './timeline.ts'

interface ImportParties {
  clock: Clock
  host: VolumeHost
  limits: Readonly<CoordinatorLimits>
  timeline: Timeline
  signal: AbortSignal
}

/** A source LUN and its copy. */
export interface CopiedLun {
  sourceLunId: string
  source: VdsLunInformation
  target: VdsLunInformation
  provider: ProviderHost
}

/** GetTargetLuns of every provider, checked: one copy for each source, and every copy recognisable. */
export async function getTargetLuns(
  set: SnapshotSet,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<CopiedLun[]> {
  const copies: CopiedLun[] = []
  for (const provider of set.providers) {
    const sources = set.sourceLuns.filter((source) => source.provider === provider)
    const targets = await timeline.measure('provider', 'getTargetLuns', provider.providerName, () =>
      provider.call(
        'getTargetLuns',
        [sources.map(({ lun }) => lun.deviceName), sources.map(({ lunInformation }) => lunInformation)],
        signal,
      ),
    )
    const refused = (why: string): VssError =>
      new VssError('VSS_E_UNEXPECTED_PROVIDER_ERROR', `provider '${provider.providerName}' ${why}`, {
        culprit: provider.providerName,
      })
    if (targets.length !== sources.length) {
      throw refused(`named ${targets.length} copies of ${sources.length} LUNs in getTargetLuns`)
    }
    for (const [index, { lun, lunInformation }] of sources.entries()) {
      const target = targets[index]
      if (target === undefined || !hasUniqueIdentifier(target)) {
        throw refused(`gave the copy of ${lun.deviceName} no unique storage identifier`)
      }
      const twin = [
        ...set.sourceLuns.map((source) => source.lunInformation),
        ...copies.map((copy) => copy.target),
      ].find((other) => isSameLun(other, target))
      if (twin !== undefined)
        throw refused(`gave the copy of ${lun.deviceName} the identifier of ${describeLun(twin)}`)
      copies.push({ sourceLunId: lun.lunId, source: lunInformation, target, provider })
    }
  }
  return copies
}

/**
 * Unmasks, rescans, compares and brings in. All copies or an error; what was brought in before the
 * error is left for the roll-back.
 */
export async function importCopies(
  set: SnapshotSet,
  copies: readonly CopiedLun[],
  parties: ImportParties,
): Promise<ImportedVolume[]> {
  const { clock, host, limits, timeline, signal } = parties
  // A set without volumes is of no interest to the host.
  if (copies.length === 0) return []
  for (const provider of set.providers) {
    const targets = copies.filter((copy) => copy.provider === provider).map((copy) => copy.target)
    await timeline.measure('provider', 'locateLuns', provider.providerName, () =>
      provider.call('locateLuns', [targets], signal),
    )
  }
  const arrived = await timeline.measure('host', 'rescan', 'host', () =>
    withLimit(
      clock,
      host.rescan(
        copies.map((copy) => copy.target),
        limits.arrivalMillis,
        { signal },
      ),
      { limitMillis: limits.arrivalMillis + limits.hostCallMillis, signal },
    ),
  )
  await fillIn(set, arrived, timeline, signal)
  const missing: MissingVolume[] = []
  const present: VolumeToImport[] = []
  for (const member of set.members) {
    const found = locate(member, copies, arrived)
    if ('volume' in found) present.push(found.volume)
    else missing.push(found.missing)
  }
  const result =
    present.length === 0
      ? { imported: [], missing: [] }
      : await timeline.measure('host', 'importVolumes', 'host', () =>
          withLimit(clock, host.importVolumes(set.setId, present), {
            limitMillis: limits.hostCallMillis,
            signal,
          }),
        )
  missing.push(...result.missing)
  const first = missing[0]
  if (first !== undefined) throw notImported(set, missing, first)
  return result.imported
}

/** Lets the provider complete what the host knows of its disks. What it answers beyond that is ignored. */
async function fillIn(
  set: SnapshotSet,
  arrived: ArrivedLun[],
  timeline: Timeline,
  signal: AbortSignal,
): Promise<void> {
  for (const disk of arrived) {
    for (const provider of set.providers) {
      const { isSupported, lun } = await timeline.measure(
        'provider',
        'fillInLunInfo',
        provider.providerName,
        () => provider.call('fillInLunInfo', [disk.deviceName, disk.lunInformation], signal),
      )
      if (isSupported) disk.lunInformation = lun
    }
  }
}

/** Puts the arrived copies in the place of the sources in the extents of a volume. */
function locate(
  { snapshotId, volume }: SetMember,
  copies: readonly CopiedLun[],
  arrived: readonly ArrivedLun[],
): { volume: VolumeToImport } | { missing: MissingVolume } {
  const arrivedIds = new Map<string, string>()
  for (const { lunId } of volume.luns) {
    const copy = copies.find(({ sourceLunId }) => sourceLunId === lunId)
    const disk = copy && arrived.find(({ lunInformation }) => isSameLun(lunInformation, copy.target))
    if (disk === undefined || disk.readOnly) {
      const what = copy === undefined ? 'its LUN' : describeLun(copy.target)
      const reason = disk === undefined ? `${what} did not arrive` : `${what} arrived mapped read-only`
      return { missing: { snapshotId, code: 'VSS_E_MISSING_DISK', reason } }
    }
    arrivedIds.set(lunId, disk.lunId)
  }
  const extents = volume.extents.map((extent) => ({
    ...extent,
    lunId: arrivedIds.get(extent.lunId) ?? extent.lunId,
  }))
  return { volume: { snapshotId, originalVolumeName: volume.volumeName, extents } }
}

function notImported(set: SnapshotSet, missing: readonly MissingVolume[], first: MissingVolume): VssError {
  const volumeOf = (snapshotId: Guid): string =>
    set.members.find((member) => member.snapshotId === snapshotId)?.volume.volumeName ?? snapshotId
  const all = missing.length >= set.members.length
  return new VssError(
    all ? 'VSS_E_NO_SNAPSHOTS_IMPORTED' : 'VSS_E_SOME_SNAPSHOTS_NOT_IMPORTED',
    `${missing.length} of ${set.members.length} shadow copies could not be brought in: ` +
      missing.map(({ snapshotId, reason }) => `${volumeOf(snapshotId)}: ${reason}`).join('; '),
    {
      culprit: volumeOf(first.snapshotId),
      cause: new VssError(first.code, first.reason, { culprit: volumeOf(first.snapshotId) }),
    },
  )
}
