/**
 * Every way an operation can end, and the one error class that reports it.
 *
 * {@link CODES} is the only table: name, HRESULT and remedy of each code. A code is never given
 * another meaning and a number is never used again. `native/base/codes.def` lists the codes that
 * can come from below the seam; a test proves that each of them is here.
 *
 * HRESULTs
 *   - VSS codes and the standard COM codes carry their documented numbers.
 *   - Holdfast's own codes (`ERR_…`) have the severity bit, the customer bit and FACILITY_ITF:
 *     `0xA004_0000 | n`, n from 1 upwards in the order in which they were added. The customer bit
 *     keeps them apart from every number Microsoft has assigned or will assign.
 *
 * Numbers are unsigned here; a COM header prints the same 32 bits.
 */

/** Name to `[HRESULT, remedy]`. A remedy is one sentence: what the reader can do about it. */
export const CODES = {
  S_OK: [0x0000_0000, 'Nothing to do.'],
  S_FALSE: [0x0000_0001, 'Nothing to do.'],
  E_NOTIMPL: [0x8000_4001, 'Use another member; this one is not offered here.'],
  E_ABORT: [0x8000_4004, 'The operation was cancelled; start it again if it is still wanted.'],
  E_FAIL: [0x8000_4005, 'Look at the cause of this error.'],
  E_UNEXPECTED: [0x8000_ffff, 'Look at the cause of this error and report it.'],
  E_ACCESSDENIED: [0x8007_0005, 'Run with the rights of an administrator or backup operator.'],
  E_OUTOFMEMORY: [0x8007_000e, 'Free memory or lower the load, then try again.'],
  E_INVALIDARG: [0x8007_0057, 'Correct the argument.'],

  VSS_E_BAD_STATE: [0x8004_2301, 'Call the members in the documented order.'],
  VSS_E_UNEXPECTED: [0x8004_2302, 'Look at the cause of this error and report it.'],
  VSS_E_PROVIDER_ALREADY_REGISTERED: [0x8004_2303, 'Unregister the provider first, or use another id.'],
  VSS_E_PROVIDER_NOT_REGISTERED: [0x8004_2304, 'Register the provider first.'],
  VSS_E_PROVIDER_VETO: [0x8004_2306, 'See what the provider reports, then wait ten minutes and try again.'],
  VSS_E_PROVIDER_IN_USE: [0x8004_2307, 'Wait until the snapshot set that uses the provider has ended.'],
  VSS_E_OBJECT_NOT_FOUND: [0x8004_2308, 'Check the name or id; the object may be gone or not yet created.'],
  VSS_S_ASYNC_PENDING: [0x0004_2309, 'Wait for the operation.'],
  VSS_S_ASYNC_FINISHED: [0x0004_230a, 'Nothing to do.'],
  VSS_S_ASYNC_CANCELLED: [0x0004_230b, 'Call abortBackup, then start over if it is still wanted.'],
  VSS_E_VOLUME_NOT_SUPPORTED: [0x8004_230c, 'Register a provider that supports the volume, or leave it out.'],
  VSS_E_OBJECT_ALREADY_EXISTS: [0x8004_230d, 'Leave out the second one; the first is in force.'],
  VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER: [0x8004_230e, 'Choose another provider, context or volume.'],
  VSS_E_UNEXPECTED_PROVIDER_ERROR: [
    0x8004_230f,
    'See the cause; the provider failed in a way VSS does not foresee.',
  ],
  VSS_E_CORRUPT_XML_DOCUMENT: [0x8004_2310, 'Use an undamaged copy of the document.'],
  VSS_E_INVALID_XML_DOCUMENT: [0x8004_2311, 'Use a document of the expected kind and version.'],
  VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED: [0x8004_2312, 'Split the volumes over several snapshot sets.'],
  VSS_E_FLUSH_WRITES_TIMEOUT: [0x8004_2313, 'Lower the write load, wait ten minutes and try again.'],
  VSS_E_HOLD_WRITES_TIMEOUT: [0x8004_2314, 'Find out why the named party was slow, then try again.'],
  VSS_E_UNEXPECTED_WRITER_ERROR: [
    0x8004_2315,
    'See the writer status, mend or leave out the writer, try again.',
  ],
  VSS_E_SNAPSHOT_SET_IN_PROGRESS: [
    0x8004_2316,
    'Wait until the other snapshot set is created, then try again.',
  ],
  VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED: [0x8004_2317, 'Delete old shadow copies of the volume.'],
  VSS_E_WRITER_INFRASTRUCTURE: [0x8004_2318, 'Check that the coordinator is running and reachable.'],
  VSS_E_WRITER_NOT_RESPONDING: [0x8004_2319, 'Check the process that hosts the writer.'],
  VSS_E_WRITER_ALREADY_SUBSCRIBED: [0x8004_231a, 'Unsubscribe the writer first.'],
  VSS_E_UNSUPPORTED_CONTEXT: [
    0x8004_231b,
    'Choose one of the documented contexts and attribute combinations.',
  ],
  VSS_E_VOLUME_IN_USE: [0x8004_231d, 'Close what uses the volume, or ask for a forced dismount.'],
  VSS_E_MAXIMUM_DIFFAREA_ASSOCIATIONS_REACHED: [0x8004_231e, 'Remove a shadow copy storage association.'],
  VSS_E_INSUFFICIENT_STORAGE: [0x8004_231f, 'Free space for shadow copies, then try again.'],
  VSS_E_NO_SNAPSHOTS_IMPORTED: [
    0x8004_2320,
    'Check that the LUNs of the copies can be reached from this host.',
  ],
  VSS_S_SOME_SNAPSHOTS_NOT_IMPORTED: [0x0004_2321, 'Check the LUNs of the copies that are missing.'],
  VSS_E_SOME_SNAPSHOTS_NOT_IMPORTED: [0x8004_2321, 'Check the LUNs of the copies that are missing.'],
  VSS_E_MAXIMUM_NUMBER_OF_REMOTE_MACHINES_REACHED: [0x8004_2322, 'Use fewer remote machines in one set.'],
  VSS_E_REMOTE_SERVER_UNAVAILABLE: [0x8004_2323, 'Check the network and the remote server.'],
  VSS_E_REMOTE_SERVER_UNSUPPORTED: [0x8004_2324, 'Upgrade the remote server.'],
  VSS_E_REVERT_IN_PROGRESS: [0x8004_2325, 'Wait until the running revert has finished.'],
  VSS_E_REVERT_VOLUME_LOST: [0x8004_2326, 'Bring the volume back; the revert then goes on.'],
  VSS_E_REBOOT_REQUIRED: [0x8004_2327, 'Restart the host.'],
  VSS_E_TRANSACTION_FREEZE_TIMEOUT: [0x8004_2328, 'Try again, or ask for a set that is not transacted.'],
  VSS_E_TRANSACTION_THAW_TIMEOUT: [0x8004_2329, 'Lower the load, then try again.'],
  VSS_E_UNSELECTED_VOLUME: [0x8004_232a, 'Select every volume of the destination LUN.'],
  VSS_E_SNAPSHOT_NOT_IN_SET: [0x8004_232b, 'Load the document that describes this shadow copy.'],
  VSS_E_NESTED_VOLUME_LIMIT: [0x8004_232c, 'Use a volume that is nested less deeply; do not retry.'],
  VSS_E_VOLUME_NOT_LOCAL: [0x8004_232d, 'Use a volume of this host.'],
  VSS_E_CLUSTER_TIMEOUT: [0x8004_232e, 'Check the cluster, then try again.'],
  VSS_E_NOT_SUPPORTED: [0x8004_232f, 'Use another member; this one is not offered here.'],
  VSS_E_WRITERERROR_PARTIAL_FAILURE: [0x8004_2336, 'Look at the failure of each component.'],
  VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT: [0x8004_23f0, 'Add the volumes the writer needs and start over.'],
  VSS_E_WRITERERROR_OUTOFRESOURCES: [
    0x8004_23f1,
    'Lower the load, wait ten minutes, try at most three times.',
  ],
  VSS_E_WRITERERROR_TIMEOUT: [0x8004_23f2, 'Lower the load, wait ten minutes, try at most three times.'],
  VSS_E_WRITERERROR_RETRYABLE: [0x8004_23f3, 'Wait ten minutes, try at most three times.'],
  VSS_E_WRITERERROR_NONRETRYABLE: [0x8004_23f4, 'Mend the writer, or run the backup without it.'],
  VSS_E_WRITERERROR_RECOVERY_FAILED: [0x8004_23f5, 'Mend the writer, or ask for a copy without recovery.'],
  VSS_E_BREAK_REVERT_ID_FAILED: [0x8004_23f6, 'Mask the original LUNs first.'],
  VSS_E_LEGACY_PROVIDER: [0x8004_23f7, 'Use a provider that offers the newer interface.'],
  VSS_E_MISSING_DISK: [0x8004_23f8, 'Check that the disk can be reached from this host.'],
  VSS_E_MISSING_HIDDEN_VOLUME: [0x8004_23f9, 'Check the partition table of the copy.'],
  VSS_E_MISSING_VOLUME: [0x8004_23fa, 'Check the partition table of the copy.'],
  VSS_E_AUTORECOVERY_FAILED: [0x8004_23fb, 'Ask for a copy without recovery, or mend the writer.'],
  VSS_E_DYNAMIC_DISK_ERROR: [0x8004_23fc, 'Use basic disks, or transport the set to another host.'],
  VSS_E_NONTRANSPORTABLE_BCD: [0x8004_23fd, 'Create the set with the transportable attribute.'],
  VSS_E_CANNOT_REVERT_DISKID: [0x8004_23fe, 'Leave the identity of the disk as it is.'],
  VSS_E_RESYNC_IN_PROGRESS: [0x8004_23ff, 'Wait until the running resync has finished.'],
  VSS_E_CLUSTER_ERROR: [0x8004_2400, 'Transport the set to a host outside the cluster.'],
  VSS_E_ASRERROR_DISK_ASSIGNMENT_FAILED: [0x8004_2401, 'Check the disks of the recovered machine.'],
  VSS_E_ASRERROR_DISK_RECREATION_FAILED: [0x8004_2402, 'Check the disks of the recovered machine.'],
  VSS_E_ASRERROR_NO_ARCPATH: [0x8004_2403, 'Check the boot path of the recovered machine.'],
  VSS_E_ASRERROR_MISSING_DYNDISK: [0x8004_2404, 'Attach the missing dynamic disk.'],
  VSS_E_ASRERROR_SHARED_CRIDISK: [0x8004_2405, 'Use a disk that no other machine shares.'],
  VSS_E_ASRERROR_DATADISK_RDISK0: [0x8004_2406, 'Attach the system disk as the first disk.'],
  VSS_E_ASRERROR_RDISK0_TOOSMALL: [0x8004_2407, 'Attach a larger first disk.'],
  VSS_E_ASRERROR_CRITICAL_DISKS_TOO_SMALL: [0x8004_2408, 'Attach larger disks.'],
  VSS_E_WRITER_STATUS_NOT_AVAILABLE: [0x8004_2409, 'Try again when fewer backups are running.'],
  VSS_E_ASRERROR_DYNAMIC_VHD_NOT_SUPPORTED: [0x8004_240a, 'Use a virtual disk of fixed size.'],
  VSS_E_CRITICAL_VOLUME_ON_INVALID_DISK: [0x8004_2411, 'Move the volume to a supported disk.'],
  VSS_E_ASRERROR_RDISK_FOR_SYSTEM_DISK_NOT_FOUND: [0x8004_2412, 'Attach a disk for the system.'],
  VSS_E_ASRERROR_NO_PHYSICAL_DISK_AVAILABLE: [0x8004_2413, 'Attach a physical disk.'],
  VSS_E_ASRERROR_FIXED_PHYSICAL_DISK_AVAILABLE_AFTER_DISK_EXCLUSION: [0x8004_2414, 'Exclude fewer disks.'],
  VSS_E_ASRERROR_CRITICAL_DISK_CANNOT_BE_EXCLUDED: [0x8004_2415, 'Do not exclude this disk.'],
  VSS_E_ASRERROR_SYSTEM_PARTITION_HIDDEN: [0x8004_2416, 'Unhide the system partition.'],
  VSS_E_FSS_TIMEOUT: [0x8004_2417, 'Check the file server, then try again.'],
  FSSAGENT_E_TIMEOUT: [0x8004_2500, 'Check the file server agent, then try again.'],
  FSRVP_E_SHADOWCOPYSET_ID_MISMATCH: [0x8004_2501, 'Use the id of the set under way.'],

  ERR_INVALID_ARGUMENT: [0xa004_0001, 'Correct the argument.'],
  ERR_OUT_OF_RANGE: [0xa004_0002, 'Stay inside the stated limits.'],
  ERR_ALIGNMENT: [0xa004_0003, 'Use offsets and lengths that are multiples of the stated unit.'],
  ERR_IO: [0xa004_0004, 'Check the disk and the system log; errno says what the system reported.'],
  ERR_NO_SPACE: [0xa004_0005, 'Free space on the file system that holds the array.'],
  ERR_OUT_OF_MEMORY: [0xa004_0006, 'Free memory or lower the load, then try again.'],
  ERR_CANCELLED: [0xa004_0007, 'Start the operation again if it is still wanted.'],
  ERR_INTERNAL: [0xa004_0008, 'This is a defect in Holdfast: report it with the cause.'],
  ERR_ARRAY_CLOSED: [0xa004_0009, 'Open the array again.'],
  ERR_ARRAY_EXISTS: [0xa004_000a, 'Open the array that is there, or choose another directory.'],
  ERR_ARRAY_NOT_FOUND: [0xa004_000b, 'Check the directory, or create the array.'],
  ERR_ARRAY_LOCKED: [0xa004_000c, 'Close the array in the process that holds it.'],
  ERR_ARRAY_FORMAT: [0xa004_000d, 'Open the array with the version of Holdfast that wrote it.'],
  ERR_ARRAY_DAMAGED: [0xa004_000e, 'Run the check command and restore what it names from a backup.'],
  ERR_ARRAY_READ_ONLY: [0xa004_000f, 'Make the directory writable, then open the array again.'],
  ERR_LUN_CLOSED: [0xa004_0010, 'Open the LUN again.'],
  ERR_LUN_NOT_FOUND: [0xa004_0011, 'Check the id; list the LUNs of the array.'],
  ERR_LUN_IN_USE: [0xa004_0012, 'Close or unmap what uses the LUN.'],
  ERR_LUN_SIZE: [0xa004_0013, 'Choose a size inside the stated limits.'],
  ERR_LUN_ADOPTED: [0xa004_0014, 'The image belongs to an array already; detach it there first.'],
  ERR_LUN_CHANGED: [
    0xa004_0015,
    'Accept the change explicitly if it was meant; old copies may then be wrong.',
  ],
  ERR_LUN_READ_ONLY: [0xa004_0016, 'Write to another LUN, or open the array again if a sync had failed.'],
  ERR_COPY_GONE: [0xa004_0017, 'The shadow copy was given up; take another one.'],
  ERR_HELD_FULL: [0xa004_0018, 'Wait for the release and write again, or raise HOLDFAST_MAX_HELD_BYTES.'],
  ERR_LEASE_EXPIRED: [0xa004_0019, 'The hold has ended; start a new snapshot set.'],
  ERR_DISK_TOO_SMALL: [0xa004_001a, 'Use a larger disk or image.'],
  ERR_DISK_LAYOUT: [0xa004_001b, 'Use a disk with a supported partition table.'],
  ERR_DISK_DAMAGED: [0xa004_001c, 'Repair the partition table.'],
} as const

/** Name of a code, as in {@link VssError.code}. */
export type VssCode = keyof typeof CODES

/** What is known about a failure beyond its code and text. */
export interface VssErrorOptions {
  /** The error that led to this one. Anything can be thrown in JavaScript, so anything can stand here. */
  cause?: unknown
  /** Who failed: a writer, provider, volume or LUN, by the name its owner gave it. */
  culprit?: string
  /** The system's error number where a system call failed. */
  errno?: number
  /** Where on the LUN or in the file the failure lies. */
  offsetBytes?: number
  /** Advice for this very case; without it the code's own remedy is used. */
  remedy?: string
}

/** A {@link VssError} as plain data, for a process boundary or a JSON report. */
export interface VssErrorRecord {
  code: VssCode
  text: string
  culprit?: string
  errno?: number
  offsetBytes?: number
  remedy?: string
  cause?: VssErrorRecord | string
}

/**
 * The one error class of the public API.
 *
 * `message` is the code, what happened, and what can be done about it, in one line.
 */
export class VssError extends Error {
  override readonly name: string = 'VssError'
  readonly code: VssCode
  /** The 32 bits of the HRESULT, unsigned. */
  readonly hresult: number
  /** What happened, without code and remedy. */
  readonly text: string
  readonly remedy: string
  readonly culprit: string | undefined
  readonly errno: number | undefined
  readonly offsetBytes: number | undefined

  constructor(code: VssCode, text: string, options: VssErrorOptions = {}) {
    const remedy = options.remedy ?? CODES[code][1]
    super(
      `${code}: ${text.replace(/\.$/, '')}. ${remedy}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.hresult = CODES[code][0]
    this.text = text
    this.remedy = remedy
    this.culprit = options.culprit
    this.errno = options.errno
    this.offsetBytes = options.offsetBytes
  }

  /** Plain data that {@link VssError.fromRecord} turns back into an equal error, the stack excepted. */
  toJSON(): VssErrorRecord {
    const record: VssErrorRecord = { code: this.code, text: this.text, remedy: this.remedy }
    if (this.culprit !== undefined) record.culprit = this.culprit
    if (this.errno !== undefined) record.errno = this.errno
    if (this.offsetBytes !== undefined) record.offsetBytes = this.offsetBytes
    if (this.cause !== undefined) {
      record.cause = this.cause instanceof VssError ? this.cause.toJSON() : describeThrown(this.cause)
    }
    return record
  }

  static fromRecord(record: VssErrorRecord): VssError {
    const options: VssErrorOptions = {}
    if (record.culprit !== undefined) options.culprit = record.culprit
    if (record.errno !== undefined) options.errno = record.errno
    if (record.offsetBytes !== undefined) options.offsetBytes = record.offsetBytes
    if (record.remedy !== undefined) options.remedy = record.remedy
    if (record.cause !== undefined) {
      options.cause =
        typeof record.cause === 'string' ? new Error(record.cause) : VssError.fromRecord(record.cause)
    }
    return new VssError(record.code, record.text, options)
  }
}

/** Whether a text, for example one that came from native code, names a code of the table. */
export function isVssCode(text: string): text is VssCode {
  return Object.hasOwn(CODES, text)
}

/** The HRESULT of a code, unsigned. */
export function hresultOf(code: VssCode): number {
  return CODES[code][0]
}

/** The code that carries an HRESULT, given signed or unsigned. */
export function codeOfHresult(hresult: number): VssCode | undefined {
  const unsigned = hresult >>> 0
  for (const [code, [value]] of Object.entries(CODES)) {
    if (value === unsigned) return code as VssCode
  }
  return undefined
}

/**
 * What went wrong first. Where a block and then the clean-up after it fail, `await using` throws one error
 * about both, and that hides the one that says why. Its class is not everywhere a class; its name is.
 */
export function firstThrown(thrown: unknown): unknown {
  let first = thrown
  while (first instanceof Error && first.name === 'SuppressedError' && 'suppressed' in first) {
    first = first.suppressed
  }
  return first
}

/** One line about anything that was thrown, Error or not. */
export function describeThrown(anything: unknown): string {
  const thrown = firstThrown(anything)
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message
  return typeof thrown === 'string' ? thrown : `thrown value ${describeValue(thrown)}`
}

/** Anything, short enough for a message. */
export function describeValue(value: unknown): string {
  // What JSON has no word for: NaN, a symbol, a bigint.
  if (typeof value !== 'object' && typeof value !== 'string') return String(value).slice(0, 200)
  try {
    const text = JSON.stringify(value)
    return text.length > 200 ? `${text.slice(0, 200)}…` : text
  } catch {
    return `of type ${typeof value}`
  }
}

/** What was thrown first, if that is a {@link VssError}, else one of the given code with it as cause. */
export function asVssError(
  anything: unknown,
  code: VssCode = 'VSS_E_UNEXPECTED',
  culprit?: string,
): VssError {
  const thrown = firstThrown(anything)
  if (thrown instanceof VssError) return thrown
  const options: VssErrorOptions = { cause: thrown }
  if (culprit !== undefined) options.culprit = culprit
  return new VssError(code, describeThrown(thrown), options)
}
