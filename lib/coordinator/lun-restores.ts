/**
 * LunRestores: LUNs that get back what a shadow copy holds, at the level of the array (reference 2.10).
 *
 *   RevertToSnapshot  one volume, from a persistent copy that this coordinator knows; goes on by itself once begun
 *   RecoverSet        any LUNs, from copies that a stored document describes
 *
 * Both do the same to a LUN: the host lets go of it, its provider copies, the host takes it back and reads it
 * anew. A LUN is in one of them at a time. What a LUN holds besides the volumes that were chosen would be
 * overwritten unseen, so it is looked for first.
 */
import { withLimit } from '../clock.ts'
import { describeLun, hasUniqueIdentifier, isSameLun } from '../document/lun-identity.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { TransportableSnapshot } from '../document/transportable-set.ts'
import { VSS_RECOVERY_OPTIONS as FLAG, VSS_PROVIDER_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ResyncIdentity } from '../provider/interfaces.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import { isPersistent } from './context.ts'
import { askHost, type CopyParties } from './copy-parties.ts'
import type { HostLun, VolumeInfo } from './host.ts'

/** A shadow copy of a loaded document and the volume that is to hold it; null for the one that was copied. */
export interface RecoveryPair {
  snapshot: TransportableSnapshot
  destinationVolume: string | null
}

/** One LUN and the LUN of the copy it is to hold. */
interface LunPair {
  provider: ProviderHost
  source: VdsLunInformation
  target: HostLun
}

const RECOVERY_FLAGS = FLAG.VSS_RECOVERY_REVERT_IDENTITY_ALL | FLAG.VSS_RECOVERY_NO_VOLUME_CHECK

export class LunRestores {
  readonly #parties: CopyParties
  /** The LUNs that are being overwritten. */
  readonly #busy: Set<string> = new Set()
  /** By volume name; one that failed stays until somebody has asked. */
  readonly #reverts: Map<string, Promise<void>> = new Map()

  constructor(parties: CopyParties) {
    this.#parties = parties
  }

  /** Resolves when the revert has begun; {@link LunRestores.reverted} gives its end. */
  async revert(snapshotId: Guid, force: boolean, context: number): Promise<void> {
    const { catalogue, host, providers } = this.#parties
    const { description, snapshot } = catalogue.requireSnapshot(snapshotId, context)
    if (!isPersistent(description.context)) {
      throw new VssError('VSS_E_UNSUPPORTED_CONTEXT', 'the shadow copy is not persistent')
    }
    const provider = providers.get(snapshot.properties.providerId)
    if (!provider.offers('resyncLuns')) {
      throw new VssError('E_NOTIMPL', `provider '${provider.providerName}' cannot revert`, {
        culprit: provider.providerName,
      })
    }
    const volume = await host.resolveVolume(snapshot.properties.originalVolumeName)
    if (this.#isBusy(volume.luns)) {
      throw new VssError('VSS_E_REVERT_IN_PROGRESS', `volume ${volume.volumeName} is being reverted`, {
        culprit: volume.volumeName,
      })
    }
    const pairs = snapshot.sourceLuns.map((source, index): LunPair => {
      const target = volume.luns.find(({ lunInformation }) => isSameLun(lunInformation, source))
      const copy = snapshot.targetLuns[index]
      if (target !== undefined && copy !== undefined) return { provider, source: copy, target }
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `${describeLun(source)} is not on this host any more`, {
        culprit: volume.volumeName,
      })
    })
    await this.#requireNoOthers(pairs, [volume.volumeName], 'VSS_E_VOLUME_NOT_SUPPORTED')
    const { end } = await this.#begin(pairs, 'target', { force })
    this.#reverts.set(volume.volumeName, end)
    // A failure is kept for whoever asks; it must not end the process meanwhile.
    end.then(
      () => this.#reverts.delete(volume.volumeName),
      () => undefined,
    )
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if no revert is under way, or the reason why it failed */
  async reverted(nameOrPath: string, signal: AbortSignal): Promise<void> {
    const volumeName = await this.#nameOf(nameOrPath)
    const revert = this.#reverts.get(volumeName)
    if (revert === undefined) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `volume ${nameOrPath} is not being reverted`, {
        culprit: nameOrPath,
      })
    }
    try {
      await withLimit(this.#parties.clock, revert, { signal })
    } catch (thrown) {
      if (!signal.aborted) this.#reverts.delete(volumeName)
      throw thrown
    }
  }

  /** The whole recovery set. A signal counts before the first LUN is let go of. */
  async recover(pairs: readonly RecoveryPair[], flags: number, signal: AbortSignal): Promise<void> {
    if ((flags & ~RECOVERY_FLAGS) !== 0) {
      throw new VssError('E_INVALIDARG', `recovery flags 0x${flags.toString(16)} are not all known`, {
        culprit: 'flags',
      })
    }
    if (pairs.length === 0) {
      throw new VssError('VSS_E_BAD_STATE', 'recoverSet was called for an empty recovery set', {
        remedy: 'Call addSnapshotToRecoverySet first.',
      })
    }
    const { host } = this.#parties
    const volumes: string[] = []
    const luns: LunPair[] = []
    for (const { snapshot, destinationVolume } of pairs) {
      const volume = await host.resolveVolume(destinationVolume ?? snapshot.originalVolume)
      volumes.push(volume.volumeName)
      for (const pair of this.#pair(snapshot, volume)) {
        if (!luns.some((known) => known.target.lunId === pair.target.lunId)) luns.push(pair)
      }
    }
    if (this.#isBusy(luns.map(({ target }) => target))) {
      throw new VssError('VSS_E_RESYNC_IN_PROGRESS', 'a LUN of the recovery set is being copied to already')
    }
    if ((flags & FLAG.VSS_RECOVERY_NO_VOLUME_CHECK) === 0) {
      await this.#requireNoOthers(luns, volumes, 'VSS_E_UNSELECTED_VOLUME')
    }
    signal.throwIfAborted()
    const isOriginal = (flags & FLAG.VSS_RECOVERY_REVERT_IDENTITY_ALL) !== 0
    const { end } = await this.#begin(luns, isOriginal ? 'original' : 'target', { force: true })
    await end
  }

  /** Resolves when nothing is being reverted, however it ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#reverts.values())
  }

  #isBusy(luns: readonly HostLun[]): boolean {
    return luns.some(({ lunId }) => this.#busy.has(lunId))
  }

  /** The volume may be offline, when its path leads nowhere. */
  async #nameOf(nameOrPath: string): Promise<string> {
    if (this.#reverts.has(nameOrPath)) return nameOrPath
    const mounts = await this.#parties.host.mountTable()
    const mounted = mounts.find(({ path }) => path === nameOrPath)?.volumeName
    return mounted ?? (await this.#parties.host.resolveVolume(nameOrPath)).volumeName
  }

  /** The LUNs of a destination, each with the LUN of the copy, in the order in which the volume uses them. */
  #pair({ luns, originalVolume, providerId }: TransportableSnapshot, volume: VolumeInfo): LunPair[] {
    const refuse = (why: string): VssError =>
      new VssError('VSS_E_VOLUME_NOT_SUPPORTED', `volume ${volume.volumeName} ${why}`, {
        culprit: volume.volumeName,
      })
    const provider = this.#parties.providers.get(providerId)
    if (provider.providerType !== VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE) {
      throw refuse('has no copy that a hardware provider made')
    }
    if (!provider.offers('resyncLuns')) {
      throw new VssError(
        'VSS_E_LEGACY_PROVIDER',
        `provider '${provider.providerName}' cannot copy LUNs back`,
        {
          culprit: provider.providerName,
        },
      )
    }
    if (volume.isShadowCopy) throw refuse('is a shadow copy itself')
    if (volume.luns.length !== luns.length) {
      throw refuse(`lies on ${volume.luns.length} LUNs, the copy of ${originalVolume} on ${luns.length}`)
    }
    return volume.luns.map((target, index): LunPair => {
      const source = luns[index]?.target ?? null
      if (source === null) {
        throw new VssError(
          'VSS_E_NONTRANSPORTABLE_BCD',
          `the document does not say where the copy of it lies`,
        )
      }
      if (target.dynamicDisk) throw refuse(`lies on ${target.deviceName}, a dynamic disk`)
      if (target.readOnly) throw refuse(`lies on ${target.deviceName}, which is mapped read-only`)
      if (!hasUniqueIdentifier(target.lunInformation)) {
        throw refuse(`lies on ${target.deviceName}, which has no unique storage identifier`)
      }
      return { provider, source, target }
    })
  }

  async #requireNoOthers(
    pairs: readonly LunPair[],
    chosen: readonly string[],
    code: 'VSS_E_UNSELECTED_VOLUME' | 'VSS_E_VOLUME_NOT_SUPPORTED',
  ): Promise<void> {
    const lunIds = pairs.map(({ target }) => target.lunId)
    const there = await this.#parties.host.volumesOn(lunIds)
    const other = there.find(({ volumeName }) => !chosen.includes(volumeName))
    if (other === undefined) return
    throw new VssError(code, `volume ${other.volumeName} lies on a LUN that would be overwritten`, {
      culprit: other.volumeName,
    })
  }

  /** Gives the end of it once the host has let go of the LUNs; until then nothing is changed. */
  async #begin(
    pairs: readonly LunPair[],
    identity: ResyncIdentity,
    options: { force: boolean },
  ): Promise<{ end: Promise<void> }> {
    const lunIds = pairs.map(({ target }) => target.lunId)
    for (const lunId of lunIds) this.#busy.add(lunId)
    try {
      const { host } = this.#parties
      await askHost(this.#parties, 'takeLunsOffline', host.takeLunsOffline(lunIds, options))
    } catch (thrown) {
      for (const lunId of lunIds) this.#busy.delete(lunId)
      throw thrown
    }
    return { end: this.#copy(pairs, identity, lunIds) }
  }

  async #copy(pairs: readonly LunPair[], identity: ResyncIdentity, lunIds: string[]): Promise<void> {
    const outcomes = [await settled(this.#resync(pairs, identity))]
    const { host } = this.#parties
    outcomes.push(await settled(askHost(this.#parties, 'bringLunsOnline', host.bringLunsOnline(lunIds))))
    for (const lunId of lunIds) this.#busy.delete(lunId)
    // A LUN that was half copied does not come online; the reason is the copying.
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  async #resync(pairs: readonly LunPair[], identity: ResyncIdentity): Promise<void> {
    for (const provider of new Set(pairs.map((pair) => pair.provider))) {
      const own = pairs.filter((pair) => pair.provider === provider)
      const sources = own.map(({ source }) => source)
      const targets = own.map(({ target }) => target.lunInformation)
      await provider.call('resyncLuns', [sources, targets, identity])
    }
  }
}

async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [outcome] = await Promise.allSettled([work])
  return outcome
}
