/**
 * SnapshotSet: the volumes of a set, each with the provider that will copy it, from StartSnapshotSet
 * until the set is created or gone. What happens to it afterwards is in do-snapshot-set.ts.
 */

import { describeLun, hasUniqueIdentifier, isSameLun } from '../document/lun-identity.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { VSS_SNAPSHOT_STATE as STATE, type VSS_SNAPSHOT_STATE } from '../enums.ts'
import { asVssError, VssError } from '../errors.ts'
import { GUID_NULL, type Guid, newGuid } from '../ids.ts'
import type { CopyMethod } from '../provider/interfaces.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import { isTransportable } from './context.ts'
import type { HostIdentity, HostLun, VolumeHost, VolumeInfo } from './host.ts'
import { VOLUMES_PER_SET_MAX } from './limits.ts'
import type { ProviderRegistry } from './provider-registry.ts'

/** One volume of the set. */
export interface SetMember {
  snapshotId: Guid
  volume: VolumeInfo
  provider: ProviderHost
  /** One to one with `volume.luns`, as the provider corrected them. */
  luns: VdsLunInformation[]
  /** What the provider makes of a context that leaves it the choice. */
  method: CopyMethod
}

export class SnapshotSet {
  readonly setId: Guid
  readonly context: number
  readonly members: SetMember[] = []
  state: VSS_SNAPSHOT_STATE = STATE.VSS_SS_PREPARING
  readonly #givenUp: AbortSignal | undefined

  /** @param givenUp - fires when the set is given up and what a provider counts does not matter any more. */
  constructor(context: number, givenUp?: AbortSignal) {
    this.setId = newGuid()
    this.context = context
    this.#givenUp = givenUp
  }

  get volumeNames(): string[] {
    return this.members.map((member) => member.volume.volumeName)
  }

  /** Each provider that copies a volume of the set, once. */
  get providers(): ProviderHost[] {
    return [...new Set(this.members.map((member) => member.provider))]
  }

  /** Every source LUN once, with the provider that copies it. */
  get sourceLuns(): { lun: HostLun; lunInformation: VdsLunInformation; provider: ProviderHost }[] {
    const found = new Map<
      string,
      { lun: HostLun; lunInformation: VdsLunInformation; provider: ProviderHost }
    >()
    for (const { volume, luns, provider } of this.members) {
      volume.luns.forEach((lun, index) => {
        const lunInformation = luns[index] ?? lun.lunInformation
        if (!found.has(lun.lunId)) found.set(lun.lunId, { lun, lunInformation, provider })
      })
    }
    return [...found.values()]
  }

  /**
   * Adds a volume: resolves it, finds the provider, and begins the preparation. On failure the set is
   * as before and stays open.
   *
   * BeginPrepareSnapshot cannot be taken back: a provider that was told of the volume counts it. So the
   * signal counts up to that call and not during it, unless the whole set is given up.
   */
  async add(
    volumeName: string,
    providerId: Guid,
    host: VolumeHost,
    registry: ProviderRegistry,
    signal?: AbortSignal,
  ): Promise<Guid> {
    const volume = await host.resolveVolume(volumeName)
    if (this.members.some((member) => member.volume.volumeName === volume.volumeName)) {
      throw new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `volume ${volume.volumeName} is in the set already`, {
        culprit: volume.volumeName,
      })
    }
    if (this.members.length >= VOLUMES_PER_SET_MAX) {
      throw new VssError(
        'VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED',
        `a set holds at most ${VOLUMES_PER_SET_MAX} volumes; ${volume.volumeName} is one too many`,
        { culprit: volume.volumeName },
      )
    }
    await this.checkVolume(volume, host)
    const { provider, luns } = await chooseProvider(volume, providerId, this.context, registry, signal)
    this.#checkOneProviderPerLun(volume, provider)
    const snapshotId = newGuid()
    signal?.throwIfAborted()
    const begun = await provider.call(
      'beginPrepareSnapshot',
      [this.setId, snapshotId, this.context, volume.luns.map((lun) => lun.deviceName), luns],
      this.#givenUp,
    )
    this.members.push({
      snapshotId,
      volume,
      provider,
      luns: begun.luns,
      method: begun.method ?? 'differential',
    })
    return snapshotId
  }

  /** @throws VssError `VSS_E_VOLUME_NOT_SUPPORTED` if no provider could copy the volume. */
  async checkVolume(volume: VolumeInfo, host: VolumeHost): Promise<void> {
    checkSource(volume, this.context, await host.identity())
    this.#checkIdentifiers(volume)
  }

  /** Two LUNs of a set that cannot be told apart cannot be told apart from their copies either (R111). */
  #checkIdentifiers(volume: VolumeInfo): void {
    const known = this.sourceLuns.map(({ lun }) => lun)
    for (const lun of volume.luns) {
      const twin = [...known, ...volume.luns].find(
        (other) => other.lunId !== lun.lunId && isSameLun(other.lunInformation, lun.lunInformation),
      )
      if (twin !== undefined) {
        throw new VssError(
          'VSS_E_VOLUME_NOT_SUPPORTED',
          `${lun.deviceName} and ${twin.deviceName} have the same storage identifier`,
          { culprit: lun.deviceName, remedy: 'Give every LUN an identifier of its own on VPD page 83h.' },
        )
      }
    }
  }

  #checkOneProviderPerLun(volume: VolumeInfo, provider: ProviderHost): void {
    for (const lun of volume.luns) {
      const other = this.sourceLuns.find(
        (known) => known.lun.lunId === lun.lunId && known.provider !== provider,
      )
      if (other !== undefined) {
        throw new VssError(
          'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER',
          `${lun.deviceName} is copied by provider '${other.provider.providerName}' in this set`,
          { culprit: provider.providerName },
        )
      }
    }
  }
}

/** What has to hold for a volume whoever copies it. */
function checkSource(volume: VolumeInfo, context: number, identity: HostIdentity): void {
  const refuse = (why: string, remedy?: string): never => {
    throw new VssError('VSS_E_VOLUME_NOT_SUPPORTED', `volume ${volume.volumeName} ${why}`, {
      culprit: volume.volumeName,
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
  if (volume.isShadowCopy) refuse('is a shadow copy itself')
  for (const lun of volume.luns) {
    if (lun.readOnly)
      refuse(`lies on ${lun.deviceName}, which is mapped read-only`, 'Map the LUN read-write.')
    if (!hasUniqueIdentifier(lun.lunInformation)) {
      refuse(
        `lies on ${describeLun(lun.lunInformation)}, which has no unique storage identifier on VPD page 83h`,
      )
    }
  }
  if (isTransportable(context)) return
  if (identity.clusterMember) {
    refuse('is on a member of a cluster, which cannot import copies', 'Make the set transportable.')
  }
  if (identity.generation === 'beforeServer2008' && volume.luns.some((lun) => lun.dynamicDisk)) {
    refuse('lies on a dynamic disk, whose copy this host cannot import', 'Make the set transportable.')
  }
}

/** The provider asked for, or the first in order that supports the volume. */
export async function chooseProvider(
  volume: VolumeInfo,
  providerId: Guid,
  context: number,
  registry: ProviderRegistry,
  signal?: AbortSignal,
): Promise<{ provider: ProviderHost; luns: VdsLunInformation[] }> {
  const named = providerId !== GUID_NULL
  const candidates = named ? [registry.get(providerId)] : registry.inChoiceOrder()
  let failure: VssError | undefined
  for (const provider of candidates) {
    try {
      const { isSupported, luns } = await provider.call(
        'areLunsSupported',
        [context, volume.luns.map((lun) => lun.deviceName), volume.luns.map((lun) => lun.lunInformation)],
        signal,
      )
      if (isSupported) return { provider, luns: keepInterconnects(volume, luns) }
    } catch (thrown) {
      if (named || signal?.aborted) throw thrown
      failure ??= asVssError(thrown)
    }
  }
  if (failure !== undefined) throw failure
  throw new VssError(
    named ? 'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER' : 'VSS_E_VOLUME_NOT_SUPPORTED',
    named
      ? `provider '${registry.get(providerId).providerName}' does not support volume ${volume.volumeName} in this context`
      : `none of ${candidates.length} providers supports volume ${volume.volumeName} in this context`,
    { culprit: volume.volumeName },
  )
}

/** A provider may know a LUN better than the host does, except for how the host reaches it. */
function keepInterconnects(volume: VolumeInfo, luns: VdsLunInformation[]): VdsLunInformation[] {
  return volume.luns.map(({ lunInformation }, index) => ({
    ...(luns[index] ?? lunInformation),
    interconnects: lunInformation.interconnects,
  }))
}
