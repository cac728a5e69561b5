/**
 * What a writer says of itself when it is made: the arguments of Initialize and InitializeEx (reference 3.8).
 */
import { checkedUnsigned } from '../document/values.ts'
import {
  VSS_ALTERNATE_WRITER_STATE,
  VSS_APPLICATION_LEVEL,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
} from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import { type Guid, newGuid, parseGuid } from '../ids.ts'
import type { WriterIdentity } from './events.ts'

export interface WriterOptions {
  /** The class id: chosen once by the developer, the same on every machine. */
  writerId: Guid
  /** Not localised. */
  writerName: string
  usageType: VSS_USAGE_TYPE
  sourceType: VSS_SOURCE_TYPE
  /**
   * Front-end writers are frozen first, then back-end, then system writers.
   *
   * @defaultValue `VSS_APP_FRONT_END`
   */
  applicationLevel?: VSS_APPLICATION_LEVEL
  /**
   * The window from Freeze to Thaw. When it runs out the writer is released with onAbort, whatever
   * the coordinator does, and the set fails.
   *
   * @defaultValue `60_000`
   */
  freezeTimeoutMillis?: number
  /** Needed where several instances of the class run on one machine. @defaultValue empty */
  instanceName?: string
  /** Of the metadata: raised if old versions cannot restore it. @defaultValue 0 */
  majorVersion?: number
  /** Of the metadata: raised for what requesters notice. @defaultValue 0 */
  minorVersion?: number
  /** Reserved by VSS, kept and without effect. @defaultValue `VSS_AWS_NO_ALTERNATE_WRITER` */
  alternateWriterState?: VSS_ALTERNATE_WRITER_STATE
  /** Reserved by VSS: only false is taken. @defaultValue false */
  ioThrottlingOnly?: boolean
  /**
   * How many backups and restores may have a session with this writer at a time. Beyond it the writer sits out
   * and its status is VSS_E_WRITER_STATUS_NOT_AVAILABLE. Sessions past BackupComplete make room for new ones.
   *
   * @defaultValue `64`
   */
  sessionsMax?: number
}

export const DEFAULT_SESSIONS_MAX = 64

/** @throws VssError `E_INVALIDARG` naming the option that is not as it should be */
export function identityOf(options: WriterOptions): Readonly<WriterIdentity> {
  if (typeof options !== 'object' || options === null) {
    throw new VssError('E_INVALIDARG', `the options of a writer are ${describeValue(options)}, not an object`)
  }
  const freezeTimeoutMillis = options.freezeTimeoutMillis ?? 60_000
  if (!Number.isFinite(freezeTimeoutMillis) || freezeTimeoutMillis <= 0) {
    throw new VssError(
      'E_INVALIDARG',
      `freezeTimeoutMillis ${describeValue(freezeTimeoutMillis)} is not a positive number`,
    )
  }
  if (typeof options.writerName !== 'string' || options.writerName === '') {
    throw new VssError('E_INVALIDARG', 'writerName must be a text that is not empty')
  }
  const { alternateWriterState = VSS_ALTERNATE_WRITER_STATE.VSS_AWS_NO_ALTERNATE_WRITER } = options
  oneOf(VSS_ALTERNATE_WRITER_STATE, alternateWriterState, 'alternateWriterState')
  if ((options.ioThrottlingOnly ?? false) !== false) {
    throw new VssError('E_INVALIDARG', 'ioThrottlingOnly is reserved and must be false', {
      culprit: 'ioThrottlingOnly',
    })
  }
  return {
    writerId: parseGuid(options.writerId, 'writerId'),
    instanceId: newGuid(),
    writerName: options.writerName,
    instanceName: options.instanceName ?? '',
    usageType: oneOf(VSS_USAGE_TYPE, options.usageType, 'usageType'),
    sourceType: oneOf(VSS_SOURCE_TYPE, options.sourceType, 'sourceType'),
    applicationLevel: oneOf(
      VSS_APPLICATION_LEVEL,
      options.applicationLevel ?? VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
      'applicationLevel',
    ),
    freezeTimeoutMillis,
    majorVersion: checkedUnsigned(options.majorVersion ?? 0, 'majorVersion'),
    minorVersion: checkedUnsigned(options.minorVersion ?? 0, 'minorVersion'),
  }
}

/** @throws VssError `E_INVALIDARG` */
export function sessionsMaxOf({ sessionsMax = DEFAULT_SESSIONS_MAX }: WriterOptions): number {
  if (Number.isInteger(sessionsMax) && sessionsMax > 0) return sessionsMax
  throw new VssError(
    'E_INVALIDARG',
    `sessionsMax ${describeValue(sessionsMax)} is not a whole number above 0`,
    {
      culprit: 'sessionsMax',
    },
  )
}

function oneOf<T>(values: Readonly<Record<string, T>>, value: T, name: string): T {
  if (Object.values(values).includes(value)) return value
  throw new VssError('E_INVALIDARG', `${name} ${describeValue(value)} is none of the documented values`, {
    culprit: name,
  })
}
