/**
 * A hardware provider without hardware. It keeps the state machine of a real one: calls out of order
 * are vetoed, and what was aborted does not come back, even if a call of that set ends late.
 */
import type { VdsLunInformation } from '../../../lib/document/lun-information.ts'
import { VSS_HARDWARE_OPTIONS } from '../../../lib/enums.ts'
import { VssError } from '../../../lib/errors.ts'
import type { Guid } from '../../../lib/ids.ts'
import type { LunsSupport, Provider, ResyncIdentity } from '../../../lib/provider/interfaces.ts'
import type { SnapshotSetDescription } from '../../../lib/provider/snapshot-set-description.ts'
import type { Fabric } from './fabric.ts'
import type { Faults } from './faults.ts'

export interface FakeSet {
  setId: Guid
  state: 'preparing' | 'prepared' | 'precommitted' | 'committed' | 'postcommitted' | 'created' | 'aborted'
  sources: VdsLunInformation[]
  /** Exists from the commit. */
  targets: VdsLunInformation[]
}

export class FakeProvider implements Provider {
  readonly name: string
  readonly sets: Map<Guid, FakeSet> = new Map()
  readonly stored: Map<Guid, SnapshotSetDescription> = new Map()
  readonly calls: string[] = []
  /** `source → target as identity`, by serial number. */
  readonly resynced: string[] = []
  readonly stateChanges: number[] = []
  readonly released: string[] = []
  /** The context bits it cannot serve. */
  unsupportedContext = 0
  /** The LUNs it has an interest in; all if undefined. */
  supports: ((lun: VdsLunInformation) => boolean) | undefined
  readonly #fabric: Fabric
  readonly #faults: Faults
  readonly #trace: string[]

  constructor(name: string, fabric: Fabric, faults: Faults, trace: string[] = []) {
    this.name = name
    this.#fabric = fabric
    this.#faults = faults
    this.#trace = trace
  }

  async #reach(method: string): Promise<void> {
    this.calls.push(method)
    this.#trace.push(`${this.name}.${method}`)
    await this.#faults.reach(`${this.name}.${method}`)
  }

  #set(setId: Guid, ...states: FakeSet['state'][]): FakeSet {
    const set = this.sets.get(setId)
    if (set === undefined || !states.includes(set.state)) {
      throw new VssError(
        'VSS_E_PROVIDER_VETO',
        `set ${setId} is ${set?.state ?? 'unknown'}, not ${states.join(' or ')}`,
      )
    }
    return set
  }

  async areLunsSupported(
    context: number,
    _devices: string[],
    luns: VdsLunInformation[],
  ): Promise<LunsSupport> {
    await this.#reach('areLunsSupported')
    const all = this.supports === undefined || luns.every(this.supports)
    return { isSupported: all && (context & this.unsupportedContext) === 0, luns }
  }

  async fillInLunInfo(
    _device: string,
    lun: VdsLunInformation,
  ): Promise<{ isSupported: boolean; lun: VdsLunInformation }> {
    await this.#reach('fillInLunInfo')
    const known = this.#fabric.find(lun)
    return known === undefined ? { isSupported: false, lun } : { isSupported: true, lun: known.lun }
  }

  async beginPrepareSnapshot(
    setId: Guid,
    _snapshotId: Guid,
    _context: number,
    _devices: string[],
    luns: VdsLunInformation[],
  ): Promise<{ luns: VdsLunInformation[] }> {
    await this.#reach('beginPrepareSnapshot')
    // Another set id is the only sign that an unfinished set has been given up.
    for (const other of this.sets.values()) {
      if (other.setId !== setId && other.state !== 'created') this.#discard(other)
    }
    const set = this.sets.get(setId) ?? { setId, state: 'preparing', sources: [], targets: [] }
    this.sets.set(setId, set)
    for (const lun of luns) {
      if (!set.sources.some((known) => known.serialNumber === lun.serialNumber)) set.sources.push(lun)
    }
    return { luns }
  }

  async endPrepareSnapshots(setId: Guid): Promise<void> {
    await this.#reach('endPrepareSnapshots')
    this.#set(setId, 'preparing').state = 'prepared'
  }

  async preCommitSnapshots(setId: Guid): Promise<void> {
    await this.#reach('preCommitSnapshots')
    this.#set(setId, 'prepared').state = 'precommitted'
  }

  async commitSnapshots(setId: Guid): Promise<void> {
    await this.#reach('commitSnapshots')
    const set = this.#set(setId, 'precommitted')
    set.targets = set.sources.map(() => this.#fabric.add(false).lun)
    set.state = 'committed'
  }

  async postCommitSnapshots(setId: Guid): Promise<void> {
    await this.#reach('postCommitSnapshots')
    this.#set(setId, 'committed').state = 'postcommitted'
  }

  async preFinalCommitSnapshots(setId: Guid): Promise<void> {
    await this.#reach('preFinalCommitSnapshots')
    this.#set(setId, 'postcommitted')
  }

  async postFinalCommitSnapshots(setId: Guid): Promise<void> {
    await this.#reach('postFinalCommitSnapshots')
    this.#set(setId, 'postcommitted').state = 'created'
  }

  async abortSnapshots(setId: Guid): Promise<void> {
    const set = this.sets.get(setId)
    if (set !== undefined) this.#discard(set)
    await this.#reach('abortSnapshots')
  }

  async getTargetLuns(_devices: string[], sources: VdsLunInformation[]): Promise<VdsLunInformation[]> {
    await this.#reach('getTargetLuns')
    const set = [...this.sets.values()].find(({ state }) => state === 'postcommitted')
    return sources.flatMap((source) => {
      const index = set?.sources.findIndex(({ serialNumber }) => serialNumber === source.serialNumber) ?? -1
      return set?.targets[index] ?? []
    })
  }

  async locateLuns(targets: VdsLunInformation[]): Promise<void> {
    await this.#reach('locateLuns')
    for (const target of targets) {
      const entry = this.#fabric.find(target)
      if (entry !== undefined) entry.unmasked = true
    }
  }

  async onLunEmpty(_device: string, lun: VdsLunInformation): Promise<void> {
    await this.#reach('onLunEmpty')
    if (this.#fabric.find(lun) === undefined) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no LUN ${lun.serialNumber}`)
    }
    this.#fabric.remove(lun)
    for (const set of this.sets.values()) {
      set.targets = set.targets.filter(({ serialNumber }) => serialNumber !== lun.serialNumber)
    }
  }

  async resyncLuns(
    sources: VdsLunInformation[],
    targets: VdsLunInformation[],
    identity: ResyncIdentity = 'target',
  ): Promise<void> {
    await this.#reach('resyncLuns')
    const serialOf = (lun: VdsLunInformation | undefined): string => lun?.serialNumber ?? ''
    for (const [index, source] of sources.entries()) {
      this.resynced.push(`${serialOf(source)} → ${serialOf(targets[index])} as ${identity}`)
    }
  }

  async onLunStateChange(
    snapshots: VdsLunInformation[],
    _originals: VdsLunInformation[],
    flags: number,
  ): Promise<void> {
    await this.#reach('onLunStateChange')
    this.stateChanges.push(flags)
    if ((flags & VSS_HARDWARE_OPTIONS.VSS_ONLUNSTATECHANGE_DO_MASK_LUNS) === 0) return
    for (const lun of snapshots) {
      const entry = this.#fabric.find(lun)
      if (entry !== undefined) entry.unmasked = false
    }
  }

  async releaseLuns(luns: VdsLunInformation[]): Promise<void> {
    await this.#reach('releaseLuns')
    for (const lun of luns) this.released.push(lun.serialNumber)
  }

  async storeSnapshotSet(description: SnapshotSetDescription): Promise<void> {
    await this.#reach('storeSnapshotSet')
    if (description.snapshots.length === 0) this.stored.delete(description.setId)
    else this.stored.set(description.setId, description)
  }

  async listSnapshotSets(): Promise<SnapshotSetDescription[]> {
    return [...this.stored.values()]
  }

  #discard(set: FakeSet): void {
    for (const target of set.targets) this.#fabric.remove(target)
    set.targets = []
    set.state = 'aborted'
  }
}
