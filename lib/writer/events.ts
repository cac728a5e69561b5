/**
 * What passes between the coordinator and a writer, as plain data: an event goes in, a reply comes
 * out. A writer in this process and one at the other end of a socket are driven alike.
 */
import type { Clock } from '../clock.ts'
import type {
  VSS_APPLICATION_LEVEL,
  VSS_BACKUP_TYPE,
  VSS_RESTORE_TYPE,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITER_STATE,
} from '../enums.ts'
import type { VssCode } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ComponentData } from './component-data.ts'

export interface WriterIdentity {
  /** The class: the same for every instance of this writer on every machine. */
  writerId: Guid
  /** Made anew at each start. */
  instanceId: Guid
  writerName: string
  /** Stable over restarts; empty unless several instances must be told apart over backups. */
  instanceName: string
  usageType: VSS_USAGE_TYPE
  sourceType: VSS_SOURCE_TYPE
  applicationLevel: VSS_APPLICATION_LEVEL
  /** The window from Freeze to Thaw. */
  freezeTimeoutMillis: number
  /** Of the writer's metadata; 0.0 unless it says otherwise. */
  majorVersion: number
  minorVersion: number
}

/** What SetBackupState said. */
export interface BackupState {
  selectComponents: boolean
  backupBootableSystemState: boolean
  backupType: VSS_BACKUP_TYPE
  partialFileSupport: boolean
}

/** What SetRestoreState said, and what is known of the backup that is being restored. */
export interface RestoreState extends BackupState {
  restoreType: VSS_RESTORE_TYPE
}

/** A volume and one path it is mounted at. */
export interface MountedVolume {
  path: string
  volumeName: string
}

/** The set under way, as far as a writer may know it. */
export interface SnapshotSetInfo {
  setId: Guid
  context: number
  volumeNames: string[]
  /** The host's whole mount table: a path belongs to the volume with the longest matching mount path. */
  mountTable: MountedVolume[]
}

interface OperationEvent {
  /** One backup or restore of one requester; a writer may be in several at a time. */
  operationId: Guid
}

/** Events of one operation, in their order. `components` is null unless the operation is in component mode. */
export type OperationEventBody =
  | {
      type: 'PrepareForBackup'
      state: BackupState
      set: SnapshotSetInfo | null
      components: ComponentData[] | null
    }
  | { type: 'PrepareForSnapshot'; state: BackupState; set: SnapshotSetInfo }
  | { type: 'Freeze' }
  | { type: 'Thaw' }
  | {
      type: 'PostSnapshot'
      components: ComponentData[] | null
      devices: { volumeName: string; deviceObject: string }[]
    }
  | { type: 'BackupComplete'; components: ComponentData[] | null }
  | { type: 'BackupShutdown'; setId: Guid | null }
  | { type: 'Abort' }
  | { type: 'PreRestore'; state: RestoreState; components: ComponentData[] | null }
  | { type: 'PostRestore'; state: RestoreState; components: ComponentData[] | null }
  /** No handler runs: asks where the writer stands. */
  | { type: 'Status' }
  /** No handler runs: a restore is over, and the writer can forget it. A backup ends with BackupShutdown. */
  | { type: 'RestoreOver' }

export type WriterEvent = { type: 'Identify' } | (OperationEvent & OperationEventBody)

export type WriterEventType = WriterEvent['type']

/** The codes setWriterFailure accepts. */
export const WRITER_FAILURE_CODES = [
  'VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT',
  'VSS_E_WRITERERROR_OUTOFRESOURCES',
  'VSS_E_WRITERERROR_RETRYABLE',
  'VSS_E_WRITERERROR_TIMEOUT',
  'VSS_E_WRITERERROR_NONRETRYABLE',
] as const

export type WriterFailureCode = (typeof WRITER_FAILURE_CODES)[number]

/** The failures setWriterFailureEx accepts beside `S_OK`, which takes an earlier one back. */
export type WriterFailureCodeEx = WriterFailureCode | 'VSS_E_WRITERERROR_PARTIAL_FAILURE'

export const WRITER_FAILURE_CODES_EX: readonly WriterFailureCodeEx[] = [
  ...WRITER_FAILURE_CODES,
  'VSS_E_WRITERERROR_PARTIAL_FAILURE',
]

/** Where a writer stands. State and failure are two things: a stable writer may carry an old failure. */
export interface WriterStanding {
  state: VSS_WRITER_STATE
  /** `S_OK`, one of {@link WRITER_FAILURE_CODES}, or what the coordinator says of a writer that is silent. */
  failure: VssCode
  /** Why, in the words of the writer; for people. */
  message?: string
  /** The application's own code, if it gave one. */
  applicationHresult?: number
}

export interface WriterReply extends WriterStanding {
  /** The handler returned false, threw or overran: in Freeze and Thaw this ends the set. */
  fatal: boolean
  /** Identify: the Writer Metadata Document; absent if the writer has none to give. */
  metadataXml?: string
  /** The components of the event with what the handler changed. */
  components?: ComponentData[]
}

/** One subscribed writer as the coordinator sees it. */
export interface WriterConnection {
  readonly identity: WriterIdentity
  /** Runs the event's handler. Rejects only if the writer cannot be reached. */
  deliver(event: WriterEvent): Promise<WriterReply>
}

export interface WriterSubscription {
  unsubscribe(): Promise<void>
}

/** Where a writer subscribes: the coordinator, or the near end of a connection to it. */
export interface WriterHub {
  /** The time writer windows are measured by. */
  readonly clock: Clock
  /** @throws VssError `VSS_E_WRITER_ALREADY_SUBSCRIBED` for an instance that is there already. */
  subscribeWriter(connection: WriterConnection): Promise<WriterSubscription>
}
