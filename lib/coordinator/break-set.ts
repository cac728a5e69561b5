/**
 * BreakSnapshotSet: the management of an imported set ends and its LUNs become ordinary ones (reference 2.10).
 *
 *   host       the disks lose the mark of a shadow copy, or all of the set is let go of, to be masked
 *   providers  their LUNs are no shadow copies any more; masked where that was asked for
 *   catalogue  the set is gone
 *
 * Should a provider fail, the set is still known and can be broken again, or deleted.
 */

import { distinctLuns } from '../document/lun-identity.ts'
import {
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR,
  VSS_HARDWARE_OPTIONS as FLAG,
  VSS_PROVIDER_TYPE,
} from '../enums.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, type Guid } from '../ids.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type { SnapshotSetDescription, StoredSnapshot } from '../provider/snapshot-set-description.ts'
import { askHost, type CopyParties } from './copy-parties.ts'
import type { BreakOrder } from './host.ts'

interface Plan {
  mask: boolean
  order: BreakOrder
}

const BREAK_FLAGS =
  FLAG.VSS_BREAKEX_FLAG_MASK_LUNS |
  FLAG.VSS_BREAKEX_FLAG_MAKE_READ_WRITE |
  FLAG.VSS_BREAKEX_FLAG_REVERT_IDENTITY_ALL |
  FLAG.VSS_BREAKEX_FLAG_REVERT_IDENTITY_NONE

/**
 * @param flags - undefined where BreakSnapshotSet was called, which has none
 * @throws VssError `VSS_E_OBJECT_NOT_FOUND`, `VSS_E_PROVIDER_VETO`, `VSS_E_BREAK_REVERT_ID_FAILED`,
 *   `VSS_E_LEGACY_PROVIDER`, `E_INVALIDARG`
 */
export async function breakSet(
  parties: CopyParties,
  setId: Guid,
  flags: number | undefined,
  context: number,
  signal: AbortSignal,
): Promise<void> {
  const plan = planOf(flags)
  await parties.catalogue.change(async () => {
    const description = parties.catalogue.requireSet(setId, context)
    const makers = makersOf(parties, description)
    for (const [provider] of makers) requireBreakable(provider, plan)
    const { snapshots } = description
    if (snapshots.some((snapshot) => !isSurfaced(snapshot))) throw notImported(setId)
    const ids = snapshots.map(({ properties }) => properties.snapshotId)
    const { host } = parties
    if (plan.mask) await askHost(parties, 'removeVolumes', host.removeVolumes(ids, { force: true }))
    else await askHost(parties, 'breakVolumes', host.breakVolumes(ids, plan.order))
    for (const [provider, own] of makers) await release(provider, own, plan)
    await parties.catalogue.release(setId)
  }, signal)
}

/** @throws VssError `E_INVALIDARG` for unknown flags and for those that exclude each other */
function planOf(flags: number | undefined): Plan {
  if (flags === undefined) return { mask: false, order: { readWrite: false, identity: 'imported' } }
  const has = (flag: number): boolean => (flags & flag) !== 0
  const refuse = (why: string): VssError =>
    new VssError('E_INVALIDARG', `break flags 0x${flags.toString(16)}: ${why}`, { culprit: 'breakFlags' })
  if ((flags & ~BREAK_FLAGS) !== 0) throw refuse('some are not for a break')
  const mask = has(FLAG.VSS_BREAKEX_FLAG_MASK_LUNS)
  if (mask && flags !== FLAG.VSS_BREAKEX_FLAG_MASK_LUNS) throw refuse('MASK_LUNS excludes all others')
  const all = has(FLAG.VSS_BREAKEX_FLAG_REVERT_IDENTITY_ALL)
  const none = has(FLAG.VSS_BREAKEX_FLAG_REVERT_IDENTITY_NONE)
  if (all && none) throw refuse('the two of REVERT_IDENTITY exclude each other')
  return {
    mask,
    order: {
      readWrite: has(FLAG.VSS_BREAKEX_FLAG_MAKE_READ_WRITE),
      identity: all ? 'original' : none ? 'imported' : 'originalWherePossible',
    },
  }
}

/** Each provider with its part of the set. */
function makersOf(
  { providers }: CopyParties,
  { snapshots }: SnapshotSetDescription,
): Map<ProviderHost, StoredSnapshot[]> {
  const makers = new Map<ProviderHost, StoredSnapshot[]>()
  for (const snapshot of snapshots) {
    const provider = providers.get(snapshot.properties.providerId)
    makers.set(provider, [...(makers.get(provider) ?? []), snapshot])
  }
  return makers
}

function requireBreakable(provider: ProviderHost, plan: Plan): void {
  const culprit = provider.providerName
  if (provider.providerType !== VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE) {
    throw new VssError('VSS_E_PROVIDER_VETO', `provider '${culprit}' makes copies that have no LUNs`, {
      culprit,
      remedy: 'Copy the files, or delete the shadow copies.',
    })
  }
  if (plan.mask && !provider.offers('onLunStateChange')) {
    throw new VssError('VSS_E_LEGACY_PROVIDER', `provider '${culprit}' cannot mask LUNs`, { culprit })
  }
}

function isSurfaced({ properties }: StoredSnapshot): boolean {
  return (properties.snapshotAttributes & ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED) === 0
}

function notImported(setId: Guid): VssError {
  return new VssError('VSS_E_OBJECT_NOT_FOUND', `snapshot set ${bracedGuid(setId)} is not on this host`, {
    remedy: 'Import it first.',
  })
}

async function release(provider: ProviderHost, own: readonly StoredSnapshot[], plan: Plan): Promise<void> {
  const copies = own.flatMap(({ targetLuns }) => targetLuns)
  const originals = own.flatMap(({ sourceLuns }) => sourceLuns)
  const tell = (flags: number): Promise<void> => provider.call('onLunStateChange', [copies, originals, flags])
  if (plan.mask) await tell(FLAG.VSS_ONLUNSTATECHANGE_DO_MASK_LUNS)
  if (provider.offers('releaseLuns')) await provider.call('releaseLuns', [distinctLuns(copies)])
  if (plan.order.readWrite && provider.offers('onLunStateChange')) {
    await tell(FLAG.VSS_ONLUNSTATECHANGE_NOTIFY_READ_WRITE)
  }
}
