/**
 * DemoOutput: the directory in which a demo leaves its files.
 *
 * A run writes into a directory of its own inside it and puts everything in place at its end, the report
 * last. So what is in place belongs together: a run that fails leaves everything as it was, and a report
 * never lies beside images of another run.
 *
 * One run at a time has the directory; a second one is refused, not mixed with the first.
 *
 * What is there already is replaced only if the report.json there is one of a demo and names it. Images
 * that the demo is given are never replaced.
 */
import { lstat, mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { VssError } from '../errors.ts'
import { REMEDIES_OF_OUTPUT, systemErrorAbout } from '../system-error.ts'
import { identityOf, putInPlace, requireReplaceable } from './destination.ts'
import { lockDirectory } from './directory-lock.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from './temporary.ts'

export const REPORT_NAME = 'report.json'
const REMEDY = 'Choose another directory with --out, or replace what is there with --force.'

export interface DemoOutputOptions {
  directory: string
  /** Of the files that will be made, as far as they are known. */
  names: readonly string[]
  /** The images that the demo is given. */
  inputs: readonly string[]
  /** Plain files are replaced, whoever made them. */
  force: boolean
}

export class DemoOutput {
  readonly directory: string
  /** What an earlier demo has left here, by its report. */
  readonly earlier: ReadonlySet<string>
  readonly #staging: TemporaryDirectory
  readonly #precious: ReadonlyMap<string, string>
  readonly #force: boolean
  readonly #madeDirectories: readonly string[]
  readonly #lock: AsyncDisposable

  private constructor(
    options: DemoOutputOptions,
    earlier: ReadonlySet<string>,
    precious: ReadonlyMap<string, string>,
    staging: TemporaryDirectory,
    madeDirectories: readonly string[],
    lock: AsyncDisposable,
  ) {
    this.directory = options.directory
    this.earlier = earlier
    this.#force = options.force
    this.#precious = precious
    this.#staging = staging
    this.#madeDirectories = madeDirectories
    this.#lock = lock
  }

  /**
   * @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` for a name whose file may not be replaced, or while another
   *   demo has the directory
   */
  static async open(options: DemoOutputOptions): Promise<DemoOutput> {
    const { directory, names, inputs } = options
    const precious = new Map<string, string>()
    for (const path of inputs) precious.set((await identityOf(path)) ?? '', 'one of the images to back up')
    try {
      const made = await makeDirectories(directory)
      const staging = makeTemporaryDirectory(join(directory, '.holdfast-'))
      const lock = await lockDirectory(directory).catch(async (thrown: unknown) => {
        await staging[Symbol.asyncDispose]()
        throw thrown
      })
      const output = new DemoOutput(options, await readEarlier(directory), precious, staging, made, lock)
      try {
        for (const name of [...names, REPORT_NAME]) await output.#requireReplaceable(name)
      } catch (thrown) {
        await output[Symbol.asyncDispose]()
        throw thrown
      }
      return output
    } catch (thrown) {
      throw systemErrorAbout(directory, thrown, REMEDIES_OF_OUTPUT)
    }
  }

  /** Makes a file that will have this name in the end, at the path that `work` is given. */
  async make<T>(name: string, work: (path: string) => Promise<T>): Promise<T> {
    await this.#requireReplaceable(name)
    const path = join(this.#staging.path, name)
    try {
      return await work(path)
    } catch (thrown) {
      throw this.#asPlacedError(systemErrorAbout(path, thrown, REMEDIES_OF_OUTPUT))
    }
  }

  /** Gives the path for now. */
  async write(name: string, text: string): Promise<string> {
    return await this.make(name, async (path) => {
      await writeFile(path, text, { flush: true })
      return path
    })
  }

  /** A path, or what is said of one, as it is right when the files are in place. */
  asPlaced(text: string): string {
    return text.replaceAll(this.#staging.path, this.directory)
  }

  /** Puts all files in place. What has to be said of them is in place only if all of them are. */
  async publish(): Promise<void> {
    try {
      await this.#putAllInPlace((await readdir(this.#staging.path)).filter((name) => name !== REPORT_NAME))
    } catch (thrown) {
      throw systemErrorAbout(this.directory, thrown, REMEDIES_OF_OUTPUT)
    }
  }

  /** Removes what was not put in place, and the directories that were made for nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#staging[Symbol.asyncDispose]()
    await this.#lock[Symbol.asyncDispose]()
    for (const path of this.#madeDirectories) {
      try {
        await rmdir(path)
      } catch {
        // It has something in it, as it should.
        return
      }
    }
  }

  async #putAllInPlace(names: readonly string[]): Promise<void> {
    const replaced = new Map<string, boolean>()
    for (const name of [...names, REPORT_NAME]) replaced.set(name, await this.#requireReplaceable(name))
    await rm(join(this.directory, REPORT_NAME), { force: true })
    const placed: string[] = []
    try {
      for (const name of [...names, REPORT_NAME]) {
        const to = join(this.directory, name)
        await putInPlace(join(this.#staging.path, name), to, replaced.get(name) === true)
        placed.push(to)
      }
    } catch (thrown) {
      for (const path of placed) await rm(path, { force: true })
      throw thrown
    }
  }

  #asPlacedError(thrown: unknown): unknown {
    if (!(thrown instanceof VssError) || thrown.culprit?.startsWith(this.#staging.path) !== true)
      return thrown
    const { code, errno, remedy } = thrown
    return new VssError(code, this.asPlaced(thrown.text), {
      cause: thrown.cause,
      culprit: this.asPlaced(thrown.culprit),
      remedy,
      ...(errno === undefined ? {} : { errno }),
    })
  }

  #requireReplaceable(name: string): Promise<boolean> {
    return requireReplaceable(join(this.directory, name), {
      precious: this.#precious,
      isAllowed: this.#force || this.earlier.has(name),
      remedy: REMEDY,
    })
  }
}

/** The names of all files that a report of a demo says were made by demos in this directory. */
async function readEarlier(directory: string): Promise<ReadonlySet<string>> {
  const path = join(directory, REPORT_NAME)
  let report: unknown
  try {
    if (!(await lstat(path)).isFile()) return new Set()
    report = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // Not there, or no report of ours.
    return new Set()
  }
  if (typeof report !== 'object' || report === null) return new Set()
  const { out, files, earlierFiles, snapshotSetId, checks } = report as Record<string, unknown>
  const isOurs = typeof out === 'string' && typeof snapshotSetId === 'string' && Array.isArray(checks)
  if (!isOurs || !Array.isArray(files) || !files.includes(join(out, REPORT_NAME))) return new Set()
  // The directory may have been moved since.
  const all: unknown[] = [...files, ...(Array.isArray(earlierFiles) ? earlierFiles : [])]
  return new Set(
    all.flatMap((file) => (typeof file === 'string' && dirname(file) === out ? basename(file) : [])),
  )
}

/**
 * One at a time: a recursive mkdir of Node never ends where the system denies that what it has just named
 * exists, as in /proc.
 *
 * @returns those that were not there, the innermost first
 */
async function makeDirectories(path: string): Promise<string[]> {
  const missing: string[] = []
  let present = path
  while (!(await isDirectory(present))) {
    missing.push(present)
    present = dirname(present)
  }
  for (const directory of missing.toReversed()) await mkdir(directory)
  return missing
}

/** @throws VssError for something else than a directory */
async function isDirectory(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return false
    throw thrown
  }
  throw new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `${path} is there already, and is not a directory`, {
    culprit: path,
    remedy: 'Choose another directory with --out.',
  })
}
