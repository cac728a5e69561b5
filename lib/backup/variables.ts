/**
 * Environment variables in the paths of documents: `%NAME%` in either case, `$NAME` and `${NAME}` exactly.
 */
import { describeValue, VssError } from '../errors.ts'

/** Names to values, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

const VARIABLE = /%([^%\\/]+)%|\$\{([^}\\/]*)\}|\$(\w+)/g

export class Variables {
  readonly #values: Environment
  readonly #folded: Map<string, string> = new Map()

  constructor(values: Environment) {
    this.#values = values
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) this.#folded.set(name.toLowerCase(), value)
    }
  }

  /**
   * The path with values for names. `$NAME` without a value stays, because `$` is an ordinary character of names such
   * as `$Recycle.Bin`.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` naming a variable in one of the other forms that has no value: what it
   *   stands for would be missing from the backup without a word
   */
  expand(path: string): string {
    if (!path.includes('%') && !path.includes('$')) return path
    return path.replace(VARIABLE, (whole: string, percent?: string, braced?: string, bare?: string) => {
      const value = percent === undefined ? this.#exact(braced ?? bare ?? '') : this.valueOf(percent)
      if (value !== undefined) return value
      if (bare !== undefined) return whole
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `the path ${describeValue(path)} needs the variable ${whole}`,
        {
          culprit: percent ?? braced ?? '',
          remedy: 'Give its value in the environment of the file list.',
        },
      )
    })
  }

  /** The value of a variable, its name in any case. */
  valueOf(name: string): string | undefined {
    return this.#folded.get(name.toLowerCase())
  }

  #exact(name: string): string | undefined {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
  }
}
