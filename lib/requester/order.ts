/**
 * The legal order of calls on one BackupComponents object (reference 2.2), as one table.
 *
 *   new ─initializeForBackup─▶ initialized ─gatherWriterMetadata─▶ gathered ─startSnapshotSet─▶ setStarted
 *       ─prepareForBackup─▶ prepared ─doSnapshotSet─▶ snapped ─backupComplete─▶ done
 *
 * Side ways: a set without writers goes from initialized to setStarted to snapped; a backup without a
 * shadow copy goes from gathered to prepared to done; a failed or cancelled prepareForBackup or
 * doSnapshotSet leads to failed, abortBackup to aborted, close to closed. There is no way back: one
 * object is one backup.
 */
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { VssError } from '../errors.ts'

export const STATES = [
  'new',
  'initialized',
  'gathered',
  'setStarted',
  'prepared',
  'snapped',
  'done',
  'failed',
  'aborted',
  'closed',
] as const

export type RequesterState = (typeof STATES)[number]

export interface Rule {
  legalIn: readonly RequesterState[]
  /** What to do instead, where the call comes too early or too late. */
  advice: string
}

const AFTER_INIT: readonly RequesterState[] = STATES.filter((state) => state !== 'new' && state !== 'closed')
const AFTER_GATHER: readonly RequesterState[] = AFTER_INIT.filter((state) => state !== 'initialized')
const INIT_FIRST = 'Call initializeForBackup first.'
const CLOSED =
  'The object is closed. Make a new BackupComponents; it sees every shadow copy that was to stay.'
const GATHER_FIRST = 'Call gatherWriterMetadata first.'
const FILTER: Rule = {
  legalIn: ['initialized', 'gathered', 'setStarted'],
  advice: 'Call it between initializeForBackup and gatherWriterMetadata.',
}

/** Every member whose order matters. */
export type RequesterMember =
  | 'initializeForBackup'
  | 'setContext'
  | 'setBackupState'
  | 'enableWriterClasses'
  | 'disableWriterClasses'
  | 'disableWriterInstances'
  | 'gatherWriterMetadata'
  | 'getWriterMetadataCount'
  | 'getWriterMetadata'
  | 'addComponent'
  | 'setBackupOptions'
  | 'getWriterComponentsCount'
  | 'getWriterComponents'
  | 'isVolumeSupported'
  | 'startSnapshotSet'
  | 'addToSnapshotSet'
  | 'prepareForBackup'
  | 'doSnapshotSet'
  | 'gatherWriterStatus'
  | 'getWriterStatusCount'
  | 'getWriterStatus'
  | 'getSnapshotProperties'
  | 'query'
  | 'deleteSnapshots'
  | 'setBackupSucceeded'
  | 'backupComplete'
  | 'saveAsXML'
  | 'abortBackup'

/** Member by member. `close` is not in here: it is legal at any time. */
export const RULES: Readonly<Record<RequesterMember, Rule>> = {
  initializeForBackup: {
    legalIn: ['new'],
    advice: 'An object is initialised once; make a new one for another backup.',
  },
  setContext: {
    legalIn: ['initialized', 'gathered'],
    advice: 'Call it once, after initializeForBackup and before startSnapshotSet.',
  },
  setBackupState: {
    legalIn: ['initialized', 'gathered', 'setStarted'],
    advice: 'Call it after initializeForBackup and before prepareForBackup.',
  },
  enableWriterClasses: FILTER,
  disableWriterClasses: FILTER,
  disableWriterInstances: FILTER,
  gatherWriterMetadata: {
    legalIn: ['initialized'],
    advice: 'Call it once, after initializeForBackup and before startSnapshotSet.',
  },
  getWriterMetadataCount: { legalIn: AFTER_GATHER, advice: GATHER_FIRST },
  getWriterMetadata: { legalIn: AFTER_GATHER, advice: GATHER_FIRST },
  addComponent: {
    legalIn: ['gathered', 'setStarted'],
    advice: 'Call it after gatherWriterMetadata and before prepareForBackup.',
  },
  setBackupOptions: {
    legalIn: ['gathered', 'setStarted'],
    advice: 'Call it after addComponent and before prepareForBackup.',
  },
  getWriterComponentsCount: { legalIn: AFTER_GATHER, advice: GATHER_FIRST },
  getWriterComponents: { legalIn: AFTER_GATHER, advice: GATHER_FIRST },
  isVolumeSupported: { legalIn: AFTER_INIT, advice: INIT_FIRST },
  startSnapshotSet: {
    legalIn: ['initialized', 'gathered'],
    advice: 'Call it once, after gatherWriterMetadata and before prepareForBackup.',
  },
  addToSnapshotSet: {
    legalIn: ['setStarted'],
    advice: 'Call it after startSnapshotSet and before prepareForBackup.',
  },
  prepareForBackup: {
    legalIn: ['gathered', 'setStarted'],
    advice: 'Call it once, after gatherWriterMetadata, setBackupState and startSnapshotSet.',
  },
  doSnapshotSet: {
    legalIn: ['setStarted', 'prepared'],
    advice: 'Call startSnapshotSet and, in a context with writers, prepareForBackup first.',
  },
  gatherWriterStatus: { legalIn: AFTER_INIT, advice: INIT_FIRST },
  getWriterStatusCount: { legalIn: AFTER_INIT, advice: INIT_FIRST },
  getWriterStatus: { legalIn: AFTER_INIT, advice: INIT_FIRST },
  getSnapshotProperties: { legalIn: AFTER_INIT, advice: INIT_FIRST },
  query: { legalIn: AFTER_INIT, advice: INIT_FIRST },
  deleteSnapshots: { legalIn: AFTER_INIT, advice: INIT_FIRST },
  setBackupSucceeded: {
    legalIn: ['prepared', 'snapped'],
    advice:
      'Call it after the files were copied and before backupComplete; never after a failed doSnapshotSet.',
  },
  backupComplete: {
    legalIn: ['prepared', 'snapped'],
    advice: 'Call it once, after the files were copied; after a failed doSnapshotSet call abortBackup.',
  },
  saveAsXML: {
    legalIn: ['prepared', 'snapped', 'done'],
    advice: 'Call it after doSnapshotSet, or after prepareForBackup if no shadow copy is made.',
  },
  abortBackup: { legalIn: AFTER_INIT, advice: INIT_FIRST },
}

/** Members that may be called while an asynchronous one is under way. */
const ALWAYS_HEARD: readonly RequesterMember[] = ['abortBackup']

/** Where one object stands, and what it is busy with. */
export class CallOrder {
  #state: RequesterState = 'new'
  #underWay: RequesterMember | undefined

  get state(): RequesterState {
    return this.#state
  }

  get isBusy(): boolean {
    return this.#underWay !== undefined
  }

  /**
   * @throws VssError `VSS_E_BAD_STATE` naming the member, the state, and what to call instead.
   */
  check(member: RequesterMember): void {
    if (this.#state === 'closed') throw this.#misplaced(member, CLOSED)
    const rule = RULES[member]
    if (this.#underWay !== undefined && !ALWAYS_HEARD.includes(member)) {
      throw new VssError('VSS_E_BAD_STATE', `${member} was called while ${this.#underWay} was under way`, {
        remedy: `Await ${this.#underWay} first.`,
      })
    }
    if (!rule.legalIn.includes(this.#state)) throw this.#misplaced(member, rule.advice)
  }

  /** Runs an asynchronous member, during which the others are refused. One cancelled before it began changes nothing. */
  async run<T>(
    member: RequesterMember,
    options: AsyncOptions | undefined,
    work: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    this.check(member)
    return cancellable(member, options, async (signal) => {
      this.#underWay = member
      try {
        return await work(signal)
      } finally {
        this.#underWay = undefined
      }
    })
  }

  /** For the members after whose failure the backup cannot go on. */
  async orFailed<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      this.advance('failed')
      throw thrown
    }
  }

  /** An object that was aborted meanwhile can only be closed, and a closed one stays closed. */
  advance(state: RequesterState): void {
    if (this.#state === 'closed' || (this.#state === 'aborted' && state !== 'closed')) return
    this.#state = state
  }

  #misplaced(member: RequesterMember, remedy: string): VssError {
    return new VssError('VSS_E_BAD_STATE', `${member} was called in state '${this.#state}'`, { remedy })
  }
}

/** A member that makes no sense without writers. */
export function withoutWriters(member: RequesterMember): VssError {
  return new VssError('VSS_E_BAD_STATE', `${member} was called in a context without writers`, {
    remedy: 'Leave it out, or choose a context with writers.',
  })
}
