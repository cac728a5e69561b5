/** What members of BackupComponents take and give beyond ids and names. */
import type { ProviderProperties } from '../coordinator/provider-registry.ts'
import type { VSS_OBJECT_TYPE } from '../enums.ts'
import type { SnapshotProperties } from '../provider/snapshot-set-description.ts'

export type { AsyncOptions } from '../cancellation.ts'

/** VSS_OBJECT_PROP. */
export type ObjectProperties =
  | { type: typeof VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT; snapshot: SnapshotProperties }
  | { type: typeof VSS_OBJECT_TYPE.VSS_OBJECT_PROVIDER; provider: ProviderProperties }
