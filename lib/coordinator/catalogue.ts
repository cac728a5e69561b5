/**
 * SnapshotCatalogue: the finished shadow copies this coordinator knows, whoever made them.
 *
 * Only what is CREATED is in here, so Query and GetSnapshotProperties cannot see a set under way. The
 * catalogue lives in memory; persistent sets of a provider that keeps descriptions come back when the
 * provider is registered again.
 */
import { type Clock, withLimit } from '../clock.ts'
import { isSameLun } from '../document/lun-identity.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR, VSS_OBJECT_TYPE } from '../enums.ts'
import { asVssError, VssError } from '../errors.ts'
import { bracedGuid, GUID_NULL, type Guid } from '../ids.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type {
  SnapshotProperties,
  SnapshotSetDescription,
  StoredSnapshot,
} from '../provider/snapshot-set-description.ts'
import { isPersistent, sees } from './context.ts'
import type { VolumeHost } from './host.ts'
import type { ProviderRegistry } from './provider-registry.ts'

/** What DeleteSnapshots has done, also where it stopped half-way. */
export interface DeletionResult {
  deletedSnapshots: number
  /** The shadow copy it stopped at; GUID_NULL if all went. */
  nondeletedSnapshotId: Guid
  /** Why it stopped; absent if all went. */
  error?: VssError
}

interface CatalogueParties {
  clock: Clock
  host: VolumeHost
  providers: ProviderRegistry
  hostCallMillis: number
}

export class SnapshotCatalogue {
  readonly #sets: Map<Guid, SnapshotSetDescription> = new Map()
  readonly #parties: CatalogueParties

  constructor(parties: CatalogueParties) {
    this.#parties = parties
  }

  add(description: SnapshotSetDescription): void {
    this.#sets.set(description.setId, structuredClone(description))
  }

  /** Brings back the sets that a provider has kept. They are on no host until somebody imports them. */
  async load(provider: ProviderHost): Promise<void> {
    if (!provider.offers('listSnapshotSets')) return
    for (const { setId, context, snapshots } of await provider.call('listSnapshotSets', [])) {
      const known = this.#sets.get(setId)?.snapshots ?? []
      const kept = snapshots.map((snapshot) => ({
        ...snapshot,
        properties: {
          ...snapshot.properties,
          providerId: provider.providerId,
          snapshotDeviceObject: '',
          snapshotAttributes: snapshot.properties.snapshotAttributes | ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED,
        },
      }))
      const others = known.filter(({ properties }) => properties.providerId !== provider.providerId)
      this.#sets.set(setId, { setId, context, snapshots: [...others, ...kept] })
    }
  }

  /** Takes out what a provider that is being unregistered has made; it is not deleted. */
  forgetProvider(providerId: Guid): void {
    for (const description of this.#sets.values()) {
      this.#keep(
        description,
        description.snapshots.filter(({ properties }) => properties.providerId !== providerId),
      )
    }
  }

  /** Shadow copies of one context, or of all with VSS_CTX_ALL. */
  query(context: number): SnapshotProperties[] {
    return [...this.#sets.values()]
      .filter((description) => sees(context, description.context))
      .flatMap(({ snapshots }) => snapshots.map(({ properties }) => structuredClone(properties)))
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, also for a shadow copy that is still being made. */
  getProperties(snapshotId: Guid, context: number): SnapshotProperties {
    const found = this.query(context).find((properties) => properties.snapshotId === snapshotId)
    if (found === undefined) throw notFound('shadow copy', snapshotId)
    return found
  }

  describe(setId: Guid): SnapshotSetDescription | undefined {
    return structuredClone(this.#sets.get(setId))
  }

  /** Deletes one shadow copy or all of a set, one at a time; stops at the first that cannot be deleted. */
  async delete(id: Guid, type: VSS_OBJECT_TYPE, force: boolean, context: number): Promise<DeletionResult> {
    let deletedSnapshots = 0
    for (const { description, snapshot } of this.#select(id, type, context)) {
      try {
        await this.#deleteOne(description, snapshot, force)
        deletedSnapshots++
      } catch (thrown) {
        const nondeletedSnapshotId = snapshot.properties.snapshotId
        return { deletedSnapshots, nondeletedSnapshotId, error: asVssError(thrown) }
      }
    }
    return { deletedSnapshots, nondeletedSnapshotId: GUID_NULL }
  }

  /**
   * All of a set at once, open or not, as when the requester that made it is released. Nobody is told of one shadow
   * copy after the other, so their LUNs go together.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such set
   */
  async deleteSet(setId: Guid): Promise<DeletionResult> {
    const description = this.#sets.get(setId)
    if (description === undefined) throw notFound('shadow copy set', setId)
    const snapshots = [...description.snapshots]
    try {
      await this.#removeVolumes(
        snapshots.map(({ properties }) => properties.snapshotId),
        true,
      )
    } catch (thrown) {
      const nondeletedSnapshotId = snapshots[0]?.properties.snapshotId ?? GUID_NULL
      return { deletedSnapshots: 0, nondeletedSnapshotId, error: asVssError(thrown) }
    }
    const outcomes = await Promise.allSettled(
      lunsOf(snapshots).map(async ({ providerId, target }) => this.#emptyLun(providerId, target)),
    )
    const failed = lunsOf(snapshots).filter((_, index) => outcomes[index]?.status === 'rejected')
    const left = snapshots.filter(({ targetLuns }) =>
      targetLuns.some((lun) => failed.some(({ target }) => isSameLun(lun, target))),
    )
    this.#keep(description, left)
    for (const providerId of new Set(snapshots.map(({ properties }) => properties.providerId))) {
      await this.#store(description, providerId, left)
    }
    const deletedSnapshots = snapshots.length - left.length
    const first = left[0]
    if (first === undefined) return { deletedSnapshots, nondeletedSnapshotId: GUID_NULL }
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    return {
      deletedSnapshots,
      nondeletedSnapshotId: first.properties.snapshotId,
      error: asVssError(failure?.reason),
    }
  }

  #select(
    id: Guid,
    type: VSS_OBJECT_TYPE,
    context: number,
  ): { description: SnapshotSetDescription; snapshot: StoredSnapshot }[] {
    const seen = [...this.#sets.values()]
      .filter((description) => sees(context, description.context))
      .flatMap((description) => description.snapshots.map((snapshot) => ({ description, snapshot })))
    if (type === VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT_SET) {
      const ofSet = seen.filter(({ description }) => description.setId === id)
      // A set may have been made without volumes; it is there and there is nothing to delete.
      if (ofSet.length === 0 && !this.#sets.has(id)) throw notFound('shadow copy set', id)
      return ofSet
    }
    if (type === VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT) {
      const one = seen.filter(({ snapshot }) => snapshot.properties.snapshotId === id)
      if (one.length === 0) throw notFound('shadow copy', id)
      return one
    }
    throw new VssError(
      'E_INVALIDARG',
      `deleteSnapshots takes a shadow copy or a set, not object type ${type}`,
    )
  }

  async #deleteOne(
    description: SnapshotSetDescription,
    snapshot: StoredSnapshot,
    force: boolean,
  ): Promise<void> {
    const { snapshotId, providerId } = snapshot.properties
    await this.#removeVolumes([snapshotId], force)
    const left = description.snapshots.filter((other) => other !== snapshot)
    for (const target of snapshot.targetLuns) {
      const stillUsed = left.some((other) => other.targetLuns.some((lun) => isSameLun(lun, target)))
      if (!stillUsed) await this.#emptyLun(providerId, target)
    }
    this.#keep(description, left)
    await this.#store(description, providerId, left)
  }

  /** Tells a provider that keeps descriptions what is left of a persistent set. */
  async #store(
    description: SnapshotSetDescription,
    providerId: Guid,
    left: readonly StoredSnapshot[],
  ): Promise<void> {
    const provider = this.#parties.providers.get(providerId)
    if (!isPersistent(description.context) || !provider.offers('storeSnapshotSet')) return
    const own = left.filter(({ properties }) => properties.providerId === providerId)
    await provider.call('storeSnapshotSet', [{ ...description, snapshots: own }])
  }

  async #removeVolumes(snapshotIds: Guid[], force: boolean): Promise<void> {
    const { clock, host, hostCallMillis } = this.#parties
    await withLimit(clock, host.removeVolumes(snapshotIds, { force }), {
      limitMillis: hostCallMillis,
      onLimit: () =>
        new VssError(
          'VSS_E_UNEXPECTED',
          `the host did not take out ${snapshotIds.length} shadow copies within ${hostCallMillis} ms`,
          { culprit: 'host' },
        ),
    })
  }

  /** The last copy on the LUN is gone: its provider reclaims it, if it knows it. */
  async #emptyLun(providerId: Guid, target: VdsLunInformation): Promise<void> {
    const provider = this.#parties.providers.get(providerId)
    const { isSupported, lun } = await provider.call('fillInLunInfo', ['', target])
    if (isSupported) await provider.call('onLunEmpty', ['', lun])
  }

  #keep(description: SnapshotSetDescription, snapshots: StoredSnapshot[]): void {
    if (snapshots.length === 0) this.#sets.delete(description.setId)
    else description.snapshots = snapshots
  }
}

/** Each LUN once, with the provider that made it. */
function lunsOf(snapshots: readonly StoredSnapshot[]): { providerId: Guid; target: VdsLunInformation }[] {
  const luns: { providerId: Guid; target: VdsLunInformation }[] = []
  for (const { properties, targetLuns } of snapshots) {
    for (const target of targetLuns) {
      if (luns.some((known) => isSameLun(known.target, target))) continue
      luns.push({ providerId: properties.providerId, target })
    }
  }
  return luns
}

function notFound(what: string, id: Guid): VssError {
  return new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no ${what} ${bracedGuid(id)} in this context`)
}
