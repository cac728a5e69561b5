/**
 * Query: the objects of one kind, each with its properties.
 */
import type { ProviderProperties } from '../coordinator/provider-registry.ts'
import { VSS_OBJECT_TYPE } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import type { SnapshotProperties } from '../provider/snapshot-set-description.ts'
import type { ObjectProperties } from './options.ts'

/** Where the objects are. */
interface Known {
  snapshots(): SnapshotProperties[]
  providers(): ProviderProperties[]
}

/** @throws VssError `E_INVALIDARG` for any type but shadow copies and providers */
export function queryObjects(type: VSS_OBJECT_TYPE, known: Known): ObjectProperties[] {
  switch (type) {
    case VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT:
      return known.snapshots().map((snapshot) => ({ type: VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT, snapshot }))
    case VSS_OBJECT_TYPE.VSS_OBJECT_PROVIDER:
      return known.providers().map((provider) => ({ type: VSS_OBJECT_TYPE.VSS_OBJECT_PROVIDER, provider }))
    default:
      throw new VssError(
        'E_INVALIDARG',
        `query returns shadow copies or providers, not object type ${describeValue(type)}`,
        { culprit: 'returnedType' },
      )
  }
}
