/**
 * A directory as the documents name it, in one of two worlds.
 *
 * A path of the POSIX world begins with `/`, has `/` as its only separator and tells upper from lower case. A path
 * of the Windows world begins with a drive, a share, a volume or device name or a lone `\`, takes both separators and
 * does not tell cases apart. Documents of either kind may be worked on here, so the form of a path decides, never the
 * system that the program runs on.
 *
 * A location is normal: no empty, `.` or `..` segments, no trailing separator unless it is a root. Two locations are
 * the same directory exactly if their keys are equal.
 */
import { describeValue, VssError } from '../errors.ts'

/** Of `\System Volume Information`, which is on whatever drive is looked at. */
const ANY_DRIVE = '*:'

const DRIVE = /^[A-Za-z]:(?=[\\/]|$)/
const DEVICE_DRIVE = /^\\\\\?\\(?=[A-Za-z]:(?:\\|$))/
const DEVICE_SHARE = /^\\\\\?\\UNC\\/i
const DEVICE = /^\\\\\?\\(?:GLOBALROOT\\Device\\[^\\]+|[^\\]+)/i
const SHARE = /^\\\\(?![?\\])[^\\]+\\[^\\]+/

export class Location {
  /** `''`, `C:`, `\\server\share`, `\\?\Volume{…}` or, for a path without a drive, `''` too. */
  readonly root: string
  readonly parts: readonly string[]
  readonly isWindows: boolean
  /** For comparing, never for showing. Without a trailing separator, for a root too. */
  readonly key: string
  /** Of the root alone; every other directory of it continues that with a separator and folded names. */
  readonly rootKey: string
  #path: string | undefined

  private constructor(
    root: string,
    parts: readonly string[],
    isWindows: boolean,
    rootKey: string,
    key: string,
  ) {
    this.root = root
    this.parts = parts
    this.isWindows = isWindows
    this.rootKey = rootKey
    this.key = key
  }

  /**
   * Reads an absolute path.
   *
   * @throws VssError `E_INVALIDARG` if it is not absolute
   */
  static parse(path: string): Location {
    if (typeof path !== 'string') throw notAbsolute(path)
    if (path.startsWith('/')) return Location.#of('', segmentsOf(path, /\/+/), false)
    const text = path.replaceAll('/', '\\').replace(DEVICE_SHARE, '\\\\').replace(DEVICE_DRIVE, '')
    const root = (DRIVE.exec(text) ?? DEVICE.exec(text) ?? SHARE.exec(text))?.[0]
    if (root === undefined && (!text.startsWith('\\') || text.startsWith('\\\\'))) throw notAbsolute(path)
    return Location.#of(root ?? '', segmentsOf(text.slice((root ?? '').length), /\\+/), true)
  }

  static #of(root: string, parts: readonly string[], isWindows: boolean): Location {
    if (!isWindows) return new Location(root, parts, false, '', parts.map((part) => `/${part}`).join(''))
    const rootKey = root === '' ? ANY_DRIVE : root.toLowerCase()
    const key = rootKey + parts.map((part) => `\\${part}`.toLowerCase()).join('')
    return new Location(root, parts, true, rootKey, key)
  }

  get separator(): string {
    return this.isWindows ? '\\' : '/'
  }

  /** The directory as a path of its world. */
  get path(): string {
    this.#path ??= this.root + this.separator + this.parts.join(this.separator)
    return this.#path
  }

  /** The path of a file in it. */
  pathOf(name: string): string {
    const { path, separator } = this
    return path.endsWith(separator) ? path + name : path + separator + name
  }

  child(name: string): Location {
    const key = this.key + this.separator + this.fold(name)
    return new Location(this.root, [...this.parts, name], this.isWindows, this.rootKey, key)
  }

  /** The directory at the same place below another one, as `below` is below this one. */
  rebase(below: Location, onto: Location): Location {
    return onto.descend(below.parts.slice(this.parts.length))
  }

  descend(parts: readonly string[]): Location {
    return parts.length === 0 ? this : Location.#of(this.root, [...this.parts, ...parts], this.isWindows)
  }

  parent(): Location | undefined {
    return this.parts.length === 0
      ? undefined
      : Location.#of(this.root, this.parts.slice(0, -1), this.isWindows)
  }

  /** A name as it is compared in this world. */
  fold(name: string): string {
    return this.isWindows ? name.toLowerCase() : name
  }

  /** Whether this is the other directory or one below it. */
  isAtOrBelow(other: Location): boolean {
    return (
      this.isWindows === other.isWindows &&
      (this.key === other.key || this.key.startsWith(other.key + other.separator))
    )
  }

  /** The key; for a directory on a drive also that of the same directory on any drive. */
  get startKeys(): readonly (readonly [key: string, rootKey: string])[] {
    const own = [this.key, this.rootKey] as const
    if (!this.isWindows || this.rootKey === ANY_DRIVE) return [own]
    return [own, [ANY_DRIVE + this.key.slice(this.rootKey.length), ANY_DRIVE]]
  }
}

function segmentsOf(path: string, separators: RegExp): string[] {
  const parts: string[] = []
  for (const part of path.split(separators)) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return parts
}

function notAbsolute(path: unknown): VssError {
  return new VssError('E_INVALIDARG', `${describeValue(path)} is not an absolute path`, { culprit: 'path' })
}

/** Splits the path of a file. @throws VssError `E_INVALIDARG` if it is not absolute or names no file */
export function splitFile(path: string): { directory: Location; name: string } {
  const whole = Location.parse(path)
  const directory = whole.parent()
  if (directory === undefined) {
    throw new VssError('E_INVALIDARG', `${describeValue(path)} is a directory, not a file`, {
      culprit: 'path',
    })
  }
  return { directory, name: whole.parts.at(-1) as string }
}
