/**
 * CallOrder: where one BackupComponents object stands and what it is busy with, by the table in order.ts.
 */
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { VssError } from '../errors.ts'
import { ALWAYS_HEARD, type RequesterMember, type RequesterState, RULES } from './order.ts'

const CLOSED =
  'The object is closed. Make a new BackupComponents; it sees every shadow copy that was to stay.'

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
