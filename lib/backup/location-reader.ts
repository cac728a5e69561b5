/** Paths of documents as locations. Neighbours in a document mostly share a directory, so what was read is kept. */
import { Location, splitFile } from './location.ts'
import { type Environment, Variables } from './variables.ts'

const KEPT_LOCATIONS = 4096

export class LocationReader {
  readonly variables: Variables
  readonly #systemDrive: string | undefined
  readonly #kept: Map<string, Location> = new Map()

  constructor(environment: Environment) {
    this.variables = new Variables(environment)
    this.#systemDrive = this.variables.valueOf('SystemDrive')
  }

  /**
   * A directory that an exclusion names; without a drive it is meant on every drive.
   *
   * @throws VssError `E_INVALIDARG` if the path is not absolute, `VSS_E_OBJECT_NOT_FOUND` for an unknown variable
   */
  anyDrive(path: string): Location {
    const kept = this.#kept.get(path)
    if (kept !== undefined) return kept
    const location = Location.parse(this.variables.expand(path))
    if (this.#kept.size >= KEPT_LOCATIONS) this.#kept.clear()
    this.#kept.set(path, location)
    return location
  }

  /** A directory with files; without a drive it is on the system's, where the environment knows that. Throws alike. */
  directory(path: string): Location {
    const location = this.anyDrive(path)
    if (!location.isWindows || location.root !== '' || this.#systemDrive === undefined) return location
    return Location.parse(this.#systemDrive + location.path)
  }

  /** Throws alike, and for a path that names no file. */
  file(path: string): { directory: Location; name: string } {
    return splitFile(this.variables.expand(path))
  }
}
