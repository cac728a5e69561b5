/**
 * SnapshotCatalogue: the finished shadow copies this coordinator knows, whoever made them.
 *
 * Only what is CREATED is in here, so Query and GetSnapshotProperties cannot see a set under way. The
 * catalogue lives in memory; persistent sets of a provider that keeps descriptions come back when the
 * provider is registered again.
 *
 * Any number of requesters may delete, expose, break or import at a time. What changes shadow copies runs one
 * after the other, and each piece looks at what is there when its turn comes; a set may also change under it,
 * when its provider is let go.
 */
import { cancelled } from '../cancellation.ts'
import { type Clock, withLimit } from '../clock.ts'
import { isSameLun } from '../document/lun-identity.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR, VSS_OBJECT_TYPE } from '../enums.ts'
import { asVssError, describeValue, VssError } from '../errors.ts'
import { bracedGuid, GUID_NULL, type Guid, parseGuid } from '../ids.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type {
  SnapshotProperties,
  SnapshotSetDescription,
  StoredSnapshot,
} from '../provider/snapshot-set-description.ts'
import { Serial } from '../serial.ts'
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
  readonly #changes: Serial = new Serial()

  constructor(parties: CatalogueParties) {
    this.#parties = parties
  }

  add(description: SnapshotSetDescription): void {
    this.#sets.set(description.setId, structuredClone(description))
  }

  /** Brings back the sets that a provider has kept. They are on no host until somebody imports them. */
  async load(provider: ProviderHost, signal?: AbortSignal): Promise<void> {
    if (!provider.offers('listSnapshotSets')) return
    for (const { setId, context, snapshots } of await provider.call('listSnapshotSets', [], signal)) {
      const known = this.#sets.get(setId)?.snapshots ?? []
      const kept = snapshots.map((snapshot) => ({
        ...snapshot,
        properties: withdrawn(snapshot.properties, provider.providerId),
      }))
      const others = known.filter(({ properties }) => properties.providerId !== provider.providerId)
      this.#sets.set(setId, { setId, context, snapshots: [...others, ...kept] })
    }
  }

  /** Takes out what a provider that is being unregistered has made; it is not deleted. */
  forgetProvider(providerId: Guid): void {
    const forgotten = parseGuid(providerId, 'providerId')
    for (const { setId, snapshots } of [...this.#sets.values()]) {
      this.#keep(
        setId,
        snapshots.filter(({ properties }) => properties.providerId !== forgotten),
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

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` */
  requireSet(setId: Guid, context: number): SnapshotSetDescription {
    const description = this.describe(setId)
    if (description !== undefined && sees(context, description.context)) return description
    throw notFound('shadow copy set', setId)
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` */
  requireSnapshot(
    snapshotId: Guid,
    context: number,
  ): { description: SnapshotSetDescription; snapshot: StoredSnapshot } {
    const { snapshotSetId } = this.getProperties(snapshotId, context)
    const description = this.requireSet(snapshotSetId, context)
    const snapshot = description.snapshots.find(({ properties }) => properties.snapshotId === snapshotId)
    if (snapshot === undefined) throw notFound('shadow copy', snapshotId)
    return { description, snapshot }
  }

  /** Runs what changes finished shadow copies: one piece at a time. A signal counts while it waits for its turn. */
  change<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#changes.run(work, signal)
  }

  /** Within {@link SnapshotCatalogue.change}: a shadow copy says this of itself from now on. */
  update(snapshotId: Guid, properties: Partial<SnapshotProperties>): void {
    for (const { snapshots } of this.#sets.values()) {
      const snapshot = snapshots.find((known) => known.properties.snapshotId === snapshotId)
      if (snapshot !== undefined) Object.assign(snapshot.properties, properties)
    }
  }

  /** Within {@link SnapshotCatalogue.change}: the set is nobody's here any more; its LUNs are left as they are. */
  async release(setId: Guid): Promise<void> {
    const description = this.#sets.get(setId)
    if (description === undefined) return
    this.#sets.delete(setId)
    const providerIds = new Set(description.snapshots.map(({ properties }) => properties.providerId))
    for (const providerId of providerIds) await this.#store(description, providerId, [])
  }

  /**
   * Deletes one shadow copy or all of a set, one at a time; stops at the first that cannot be deleted. What
   * somebody else deletes meanwhile is not counted.
   *
   * The signal counts between two shadow copies; one whose deletion has begun is deleted. If it fires before
   * the first it is what this rejects with, later it is the reason why the deletion stopped.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND`
   */
  async delete(
    id: Guid,
    type: VSS_OBJECT_TYPE,
    force: boolean,
    context: number,
    signal?: AbortSignal,
  ): Promise<DeletionResult> {
    let deletedSnapshots = 0
    for (const { setId, snapshotId } of this.#select(id, type, context)) {
      let deleted: boolean
      try {
        deleted = await this.#changes.run(() => this.#deleteOne(setId, snapshotId, force), signal)
      } catch (thrown) {
        const isCancelled = signal?.aborted === true && thrown === signal.reason
        if (isCancelled && deletedSnapshots === 0) throw thrown
        const error = isCancelled ? cancelled('deleteSnapshots', thrown) : asVssError(thrown)
        return { deletedSnapshots, nondeletedSnapshotId: snapshotId, error }
      }
      if (deleted) deletedSnapshots++
      else if (type === VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT) throw notFound('shadow copy', id)
    }
    return { deletedSnapshots, nondeletedSnapshotId: GUID_NULL }
  }

  /**
   * All of a set at once, open or not, as when the requester that made it is released. Nobody is told of one shadow
   * copy after the other, so their LUNs go together. A set that is gone already has nothing left to delete.
   */
  async deleteSet(setId: Guid): Promise<DeletionResult> {
    return this.#changes.run(() => this.#deleteSet(setId))
  }

  async #deleteSet(setId: Guid): Promise<DeletionResult> {
    const description = this.#sets.get(setId)
    if (description === undefined) return { deletedSnapshots: 0, nondeletedSnapshotId: GUID_NULL }
    const { snapshots } = description
    try {
      await this.#removeVolumes(
        snapshots.map(({ properties }) => properties.snapshotId),
        true,
      )
    } catch (thrown) {
      const nondeletedSnapshotId = snapshots[0]?.properties.snapshotId ?? GUID_NULL
      return { deletedSnapshots: 0, nondeletedSnapshotId, error: asVssError(thrown) }
    }
    const luns = lunsOf(snapshots)
    const outcomes = await Promise.allSettled(
      luns.map(async ({ providerId, target }) => this.#emptyLun(providerId, target)),
    )
    const failed = luns.filter((_, index) => outcomes[index]?.status === 'rejected')
    const isLeft = ({ targetLuns }: StoredSnapshot): boolean =>
      targetLuns.some((lun) => failed.some(({ target }) => isSameLun(lun, target)))
    const left = snapshots.filter(isLeft)
    this.#keep(setId, this.#copiesOf(setId).filter(isLeft))
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

  #select(id: Guid, type: VSS_OBJECT_TYPE, context: number): { setId: Guid; snapshotId: Guid }[] {
    const seen = [...this.#sets.values()]
      .filter((description) => sees(context, description.context))
      .flatMap(({ setId, snapshots }) =>
        snapshots.map(({ properties }) => ({ setId, snapshotId: properties.snapshotId })),
      )
    if (type === VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT_SET) {
      const ofSet = seen.filter(({ setId }) => setId === id)
      // A set may have been made without volumes; it is there and there is nothing to delete.
      if (ofSet.length === 0 && !this.#sets.has(id)) throw notFound('shadow copy set', id)
      return ofSet
    }
    if (type === VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT) {
      const one = seen.filter(({ snapshotId }) => snapshotId === id)
      if (one.length === 0) throw notFound('shadow copy', id)
      return one
    }
    throw new VssError(
      'E_INVALIDARG',
      `deleteSnapshots takes a shadow copy or a set, not object type ${describeValue(type)}`,
      { culprit: 'sourceType' },
    )
  }

  /** False if it is gone already. */
  async #deleteOne(setId: Guid, snapshotId: Guid, force: boolean): Promise<boolean> {
    const isOther = ({ properties }: StoredSnapshot): boolean => properties.snapshotId !== snapshotId
    const description = this.#sets.get(setId)
    const snapshot = description?.snapshots.find((copy) => !isOther(copy))
    if (description === undefined || snapshot === undefined) return false
    const { providerId, exposedName } = snapshot.properties
    if (exposedName !== undefined && !force) {
      throw new VssError('VSS_E_VOLUME_IN_USE', `the shadow copy is exposed as '${exposedName}'`, {
        culprit: exposedName,
        remedy: 'Call unexposeSnapshot first, or delete it by force.',
      })
    }
    await this.#removeVolumes([snapshotId], force)
    for (const target of snapshot.targetLuns) {
      const others = this.#copiesOf(setId).filter(isOther)
      const stillUsed = others.some((other) => other.targetLuns.some((lun) => isSameLun(lun, target)))
      if (!stillUsed) await this.#emptyLun(providerId, target)
    }
    const left = this.#copiesOf(setId).filter(isOther)
    this.#keep(setId, left)
    await this.#store(description, providerId, left)
    return true
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
    if (!isSupported) return
    try {
      await provider.call('onLunEmpty', ['', lun])
    } catch (thrown) {
      // Gone since it was asked for: somebody deleted it below us.
      if (asVssError(thrown).code !== 'VSS_E_OBJECT_NOT_FOUND') throw thrown
    }
  }

  #copiesOf(setId: Guid): readonly StoredSnapshot[] {
    return this.#sets.get(setId)?.snapshots ?? []
  }

  #keep(setId: Guid, snapshots: StoredSnapshot[]): void {
    const description = this.#sets.get(setId)
    if (description === undefined) return
    if (snapshots.length === 0) this.#sets.delete(setId)
    else this.#sets.set(setId, { ...description, snapshots })
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

/** What a kept shadow copy says of itself while it is on no host. */
function withdrawn(properties: SnapshotProperties, providerId: Guid): SnapshotProperties {
  const exposed = ATTR.VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY | ATTR.VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY
  return {
    ...properties,
    providerId,
    snapshotDeviceObject: '',
    snapshotAttributes: (properties.snapshotAttributes & ~exposed) | ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED,
    exposedName: undefined,
    exposedPath: undefined,
  }
}

function notFound(what: string, id: Guid): VssError {
  return new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no ${what} ${bracedGuid(id)} in this context`)
}
