/**
 * File sets, found by the files they name: which of a hundred thousand holds this file? What can be said of all files
 * of a directory is worked out once and kept, so a file costs a look-up or two, and a test of each pattern there.
 */
import type { Location } from './location.ts'
import type { Filespec } from './wildcard.ts'

interface Rule<Value> {
  readonly filespec: Filespec
  readonly recursive: boolean
  /** Where the rule stands among the others; the first one wins. */
  readonly sequence: number
  readonly value: Value
  /** With the same name in the same directory. */
  next: Rule<Value> | undefined
}

/** The rules of one directory. */
interface Bucket<Value> {
  /** Those for one name, by that name; the rest in `patterns`. */
  readonly names: Map<string, Rule<Value>>
  readonly patterns: Rule<Value>[]
  hasRecursive: boolean
}

/** Rules that can be about the files of a directory. */
interface Level<Value> {
  readonly bucket: Bucket<Value>
  /** Of the directory itself; from above it only those that are recursive count. */
  readonly isHere: boolean
}

const KEPT_LEVELS = 4096

export class PatternIndex<Value> {
  readonly #buckets: Map<string, Bucket<Value>> = new Map()
  readonly #levels: Map<string, readonly Level<Value>[]> = new Map()

  /** Sequence numbers must not go down from one call to the next. */
  add(directory: Location, filespec: Filespec, recursive: boolean, value: Value, sequence = 0): void {
    let bucket = this.#buckets.get(directory.key)
    if (bucket === undefined) {
      bucket = { names: new Map(), patterns: [], hasRecursive: false }
      this.#buckets.set(directory.key, bucket)
      this.#levels.clear()
    }
    if (recursive && !bucket.hasRecursive) {
      bucket.hasRecursive = true
      this.#levels.clear()
    }
    const rule: Rule<Value> = { filespec, recursive, sequence, value, next: undefined }
    if (!filespec.isExact) {
      bucket.patterns.push(rule)
      return
    }
    let last = bucket.names.get(filespec.pattern)
    if (last === undefined) bucket.names.set(filespec.pattern, rule)
    while (last?.next !== undefined) last = last.next
    if (last !== undefined) last.next = rule
  }

  /** What the first rule for a file says, of those before a sequence number. */
  find(directory: Location, name: string, before: number = Number.POSITIVE_INFINITY): Value | undefined {
    if (this.#buckets.size === 0) return undefined
    const folded = directory.fold(name)
    let first: Rule<Value> | undefined
    for (const { bucket, isHere } of this.#levelsOf(directory)) {
      for (let rule = bucket.names.get(folded); rule !== undefined; rule = rule.next) {
        if (rule.sequence >= (first?.sequence ?? before)) break
        if (isHere || rule.recursive) first = rule
      }
      for (const rule of bucket.patterns) {
        if (rule.sequence >= (first?.sequence ?? before)) break
        if ((isHere || rule.recursive) && rule.filespec.matches(folded)) first = rule
      }
    }
    return first?.value
  }

  /** Whether there is a rule with exactly these three. */
  has(directory: Location, filespec: Filespec, recursive: boolean): boolean {
    const bucket = this.#buckets.get(directory.key)
    if (bucket === undefined) return false
    if (!filespec.isExact) {
      return bucket.patterns.some((rule) => rule.recursive === recursive && rule.filespec.equals(filespec))
    }
    let rule = bucket.names.get(filespec.pattern)
    while (rule !== undefined && rule.recursive !== recursive) rule = rule.next
    return rule !== undefined
  }

  /** Whether some rule alone covers every file that a file set can name. */
  coversAll(directory: Location, filespec: Filespec, recursive: boolean): boolean {
    if (this.#buckets.size === 0) return false
    for (const { bucket, isHere } of this.#levelsOf(directory)) {
      const reachesAll = isHere && !recursive
      let rule = filespec.isExact ? bucket.names.get(filespec.pattern) : undefined
      for (; rule !== undefined; rule = rule.next) if (reachesAll || rule.recursive) return true
      for (const wide of bucket.patterns) {
        if ((reachesAll || wide.recursive) && wide.filespec.includes(filespec)) return true
      }
    }
    return false
  }

  #levelsOf(directory: Location): readonly Level<Value>[] {
    const kept = this.#levels.get(directory.key)
    if (kept !== undefined) return kept
    const levels: Level<Value>[] = []
    for (const [key, rootKey] of directory.startKeys) {
      for (let at = key; ; at = at.slice(0, at.lastIndexOf(directory.separator))) {
        const bucket = this.#buckets.get(at)
        if (bucket !== undefined && (at === key || bucket.hasRecursive)) {
          levels.push({ bucket, isHere: at === key })
        }
        if (at.length <= rootKey.length) break
      }
    }
    if (this.#levels.size >= KEPT_LEVELS) this.#levels.clear()
    this.#levels.set(directory.key, levels)
    return levels
  }
}
