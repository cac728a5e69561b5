/**
 * What a backup type means for one writer and one file set (reference 2.13, R40 to R42, R148).
 */
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { VSS_BACKUP_SCHEMA, VSS_BACKUP_TYPE, VSS_FILE_SPEC_BACKUP_TYPE } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'

/** The two bits of a file specification backup type that decide in a backup of one type. */
export interface TypeBits {
  /** Set: the file set has to be in the backup. */
  readonly backup: number
  /** Set: it has to be read from a shadow copy. */
  readonly snapshot: number
}

const {
  VSS_FSBT_FULL_BACKUP_REQUIRED,
  VSS_FSBT_DIFFERENTIAL_BACKUP_REQUIRED,
  VSS_FSBT_INCREMENTAL_BACKUP_REQUIRED,
  VSS_FSBT_LOG_BACKUP_REQUIRED,
  VSS_FSBT_FULL_SNAPSHOT_REQUIRED,
  VSS_FSBT_DIFFERENTIAL_SNAPSHOT_REQUIRED,
  VSS_FSBT_INCREMENTAL_SNAPSHOT_REQUIRED,
  VSS_FSBT_LOG_SNAPSHOT_REQUIRED,
} = VSS_FILE_SPEC_BACKUP_TYPE

const FULL: TypeBits = { backup: VSS_FSBT_FULL_BACKUP_REQUIRED, snapshot: VSS_FSBT_FULL_SNAPSHOT_REQUIRED }

/** A copy is a full backup that leaves no trace; `other` is not described anywhere and counts as full. */
const BITS: Readonly<Record<number, TypeBits>> = {
  [VSS_BACKUP_TYPE.VSS_BT_FULL]: FULL,
  [VSS_BACKUP_TYPE.VSS_BT_COPY]: FULL,
  [VSS_BACKUP_TYPE.VSS_BT_OTHER]: FULL,
  [VSS_BACKUP_TYPE.VSS_BT_INCREMENTAL]: {
    backup: VSS_FSBT_INCREMENTAL_BACKUP_REQUIRED,
    snapshot: VSS_FSBT_INCREMENTAL_SNAPSHOT_REQUIRED,
  },
  [VSS_BACKUP_TYPE.VSS_BT_DIFFERENTIAL]: {
    backup: VSS_FSBT_DIFFERENTIAL_BACKUP_REQUIRED,
    snapshot: VSS_FSBT_DIFFERENTIAL_SNAPSHOT_REQUIRED,
  },
  [VSS_BACKUP_TYPE.VSS_BT_LOG]: {
    backup: VSS_FSBT_LOG_BACKUP_REQUIRED,
    snapshot: VSS_FSBT_LOG_SNAPSHOT_REQUIRED,
  },
}

/** @throws VssError `E_INVALIDARG` for the undefined type and for what is none */
export function bitsOf(backupType: VSS_BACKUP_TYPE): TypeBits {
  const bits = BITS[backupType]
  if (bits !== undefined) return bits
  throw new VssError('E_INVALIDARG', `backup type ${describeValue(backupType)} says not what to back up`, {
    culprit: 'backupType',
    remedy: 'Set it with setBackupState, or give it beside a document that has none.',
  })
}

/**
 * What the backup is for a writer: the type that was asked for, or full if its schema does not offer that (R148,
 * R196). Log backups also take at least one log file.
 *
 * @throws VssError `E_INVALIDARG` for the undefined type
 */
export function effectiveBackupType(
  document: WriterMetadataDocument,
  backupType: VSS_BACKUP_TYPE,
): VSS_BACKUP_TYPE {
  bitsOf(backupType)
  const offers = (bit: number): boolean => (document.getBackupSchema() & bit) !== 0
  switch (backupType) {
    case VSS_BACKUP_TYPE.VSS_BT_INCREMENTAL:
      return offers(VSS_BACKUP_SCHEMA.VSS_BS_INCREMENTAL) ? backupType : VSS_BACKUP_TYPE.VSS_BT_FULL
    case VSS_BACKUP_TYPE.VSS_BT_DIFFERENTIAL:
      return offers(VSS_BACKUP_SCHEMA.VSS_BS_DIFFERENTIAL) ? backupType : VSS_BACKUP_TYPE.VSS_BT_FULL
    case VSS_BACKUP_TYPE.VSS_BT_COPY:
      return offers(VSS_BACKUP_SCHEMA.VSS_BS_COPY) ? backupType : VSS_BACKUP_TYPE.VSS_BT_FULL
    case VSS_BACKUP_TYPE.VSS_BT_LOG:
      return offers(VSS_BACKUP_SCHEMA.VSS_BS_LOG) && hasLogFiles(document)
        ? backupType
        : VSS_BACKUP_TYPE.VSS_BT_FULL
    default:
      return backupType
  }
}

function hasLogFiles(document: WriterMetadataDocument): boolean {
  for (let index = 0; index < document.getFileCounts().components; index++) {
    if (document.getComponent(index).getComponentInfo().logFiles > 0) return true
  }
  return false
}
