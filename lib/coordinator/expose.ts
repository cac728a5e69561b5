/**
 * ExposeSnapshot and UnexposeSnapshot: a finished shadow copy gets a name on its host (reference 2.10).
 */
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR } from '../enums.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, type Guid } from '../ids.ts'
import type { SnapshotProperties } from '../provider/snapshot-set-description.ts'
import { askHost, type CopyParties } from './copy-parties.ts'

/** What a requester asks for. */
export interface ExposeRequest {
  snapshotId: Guid
  pathFromRoot: string | null
  /** EXPOSED_LOCALLY or EXPOSED_REMOTELY. */
  attributes: number
  name: string | null
}

const EXPOSED = ATTR.VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY | ATTR.VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY

/** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, `E_INVALIDARG` */
export async function exposeCopy(
  parties: CopyParties,
  request: ExposeRequest,
  context: number,
  signal: AbortSignal,
): Promise<string> {
  const { snapshotId, pathFromRoot, attributes, name } = request
  const isLocal = attributes === ATTR.VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY
  if (!isLocal && attributes !== ATTR.VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY) {
    throw refuse('attributes', 'attributes must be exactly EXPOSED_LOCALLY or EXPOSED_REMOTELY')
  }
  if (isLocal && pathFromRoot !== null) {
    throw refuse('pathFromRoot', 'a volume is exposed locally as a whole: pathFromRoot must be null')
  }
  return parties.catalogue.change(async () => {
    const properties = parties.catalogue.getProperties(snapshotId, context)
    requireExposable(properties, isLocal)
    const kind = isLocal ? 'mount' : 'share'
    const exposed = await askHost(
      parties,
      'exposeVolume',
      parties.host.exposeVolume({ snapshotId, kind, name, pathFromRoot }),
    )
    parties.catalogue.update(snapshotId, {
      snapshotAttributes: properties.snapshotAttributes | attributes,
      exposedName: exposed,
      exposedPath: isLocal ? undefined : (pathFromRoot ?? undefined),
    })
    return exposed
  }, signal)
}

/** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, also for a shadow copy that is not exposed */
export async function unexposeCopy(
  parties: CopyParties,
  snapshotId: Guid,
  context: number,
  signal: AbortSignal,
): Promise<void> {
  await parties.catalogue.change(async () => {
    const properties = parties.catalogue.getProperties(snapshotId, context)
    if ((properties.snapshotAttributes & EXPOSED) === 0) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `shadow copy ${bracedGuid(snapshotId)} is not exposed`)
    }
    await askHost(parties, 'unexposeVolume', parties.host.unexposeVolume(snapshotId))
    parties.catalogue.update(snapshotId, withoutExposure(properties))
  }, signal)
}

/** What a shadow copy says of itself when nothing exposes it. */
function withoutExposure({
  snapshotAttributes,
}: SnapshotProperties): Pick<SnapshotProperties, 'snapshotAttributes' | 'exposedName' | 'exposedPath'> {
  return {
    snapshotAttributes: snapshotAttributes & ~EXPOSED,
    exposedName: undefined,
    exposedPath: undefined,
  }
}

function requireExposable(properties: SnapshotProperties, isLocal: boolean): void {
  const { snapshotAttributes, snapshotId, exposedName } = properties
  const has = (bit: number): boolean => (snapshotAttributes & bit) !== 0
  const copy = `shadow copy ${bracedGuid(snapshotId)}`
  if (has(ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED)) {
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `${copy} is not on this host`, {
      remedy: 'Import it first.',
    })
  }
  if (has(EXPOSED)) throw refuse('snapshotId', `${copy} is exposed as '${exposedName}' already`)
  if (has(ATTR.VSS_VOLSNAP_ATTR_CLIENT_ACCESSIBLE)) throw refuse('snapshotId', `${copy} is client-accessible`)
  if (isLocal && !has(ATTR.VSS_VOLSNAP_ATTR_PERSISTENT)) {
    throw refuse('snapshotId', `${copy} is not persistent and cannot be exposed locally`)
  }
}

function refuse(culprit: string, why: string): VssError {
  return new VssError('E_INVALIDARG', why, { culprit })
}
