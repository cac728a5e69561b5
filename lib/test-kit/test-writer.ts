/**
 * TestWriter: a writer that owns what its configuration says and misbehaves as it says, to try requesters and
 * coordinators on. In the manner of the VSS Test Writer.
 *
 * It keeps a log of its events and a list of what the requester did wrong, as far as a writer can see that.
 */
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { CreateWriterMetadata } from '../document/create-writer-metadata.ts'
import { VSS_COMPONENT_TYPE, VSS_SOURCE_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { Writer, type WriterOptions } from '../writer/writer.ts'
import type { Component, WriterComponents } from '../writer/writer-components.ts'
import { linger, Orders } from './misbehaviour.ts'
import { contentOf, deleteFiles, filesOf } from './test-files.ts'
import type { TestComponent, TestEvent, TestFileSet, TestWriterConfig } from './test-writer-config.ts'

/** The class of every test writer: instances are told apart by their logical paths and instance names. */
export const TEST_WRITER_ID: Guid = '6b1f3c52-8f0e-4d6a-9a57-2f6f0f3f9c11'

export interface TestWriterOptions extends Partial<Omit<WriterOptions, 'usageType'>> {
  config: TestWriterConfig
  /** For delays. @defaultValue the system's clock */
  clock?: Clock
  /** Told of each event as it comes. */
  onEvent?: (event: TestEvent) => void
}

/**
 * @example
 * ```ts
 * const config = parseTestWriterConfig(await readFile('writer.xml'))
 * const writer = new TestWriter({ config })
 * await writer.subscribe(coordinator)
 * // … a backup …
 * assert.deepEqual(writer.problems, [])
 * ```
 */
export class TestWriter extends Writer {
  /** Every event that came, in its order. */
  readonly events: TestEvent[] = []
  /** What the requester or the coordinator did wrong, for people. */
  readonly problems: string[] = []
  readonly orders: Orders<TestEvent>
  readonly #config: TestWriterConfig
  readonly #clock: Clock
  readonly #onEvent: (event: TestEvent) => void
  /** Content by path, of the last backup. */
  readonly #included: Map<string, string> = new Map()
  #isFrozen = false

  constructor(options: TestWriterOptions) {
    const { config, clock = systemClock, onEvent = () => undefined, ...own } = options
    super({
      writerId: TEST_WRITER_ID,
      writerName: 'Holdfast Test Writer',
      sourceType: VSS_SOURCE_TYPE.VSS_ST_OTHER,
      ...own,
      usageType: config.usage,
    })
    this.#config = config
    this.#clock = clock
    this.#onEvent = onEvent
    this.orders = new Orders(config.failEvents)
  }

  /** Between onFreeze and its closing call. */
  get isFrozen(): boolean {
    return this.#isFrozen
  }

  override onIdentify(metadata: CreateWriterMetadata): Promise<boolean> {
    return this.#handle('Identify', async () => describe(this.#config, metadata))
  }

  override onPrepareBackup(components: WriterComponents | null): Promise<boolean> {
    return this.#handle('PrepareForBackup', async () => {
      if (components === null) return
      for (const component of components) this.#prepare(component)
      this.#lookForRequired(components)
    })
  }

  onPrepareSnapshot(): Promise<boolean> {
    return this.#handle('PrepareForSnapshot', async () => {
      if (!this.#config.checkIncludes) return
      this.#included.clear()
      for (const set of this.#config.components.flatMap(({ files }) => files)) {
        for (const path of await filesOf(set)) this.#included.set(path, await contentOf(path))
      }
    })
  }

  async onFreeze(): Promise<boolean> {
    if (this.#isFrozen) this.#complain('Freeze came while it was frozen')
    const answer = await this.#handle('Freeze')
    this.#isFrozen = true
    return answer
  }

  onThaw(): Promise<boolean> {
    if (!this.#isFrozen) this.#complain('Thaw came without a Freeze')
    this.#isFrozen = false
    return this.#handle('Thaw')
  }

  onAbort(): Promise<boolean> {
    this.#isFrozen = false
    return this.#handle('Abort')
  }

  override onPostSnapshot(_components: WriterComponents | null): Promise<boolean> {
    return this.#handle('PostSnapshot')
  }

  override onBackupComplete(components: WriterComponents | null): Promise<boolean> {
    return this.#handle('BackupComplete', async () => {
      for (const component of components ?? []) {
        if (!component.getBackupSucceeded()) this.#complain(`${nameOf(component)} was not backed up`)
      }
    })
  }

  override onBackupShutdown(_setId: Guid | null): Promise<boolean> {
    if (this.#isFrozen) this.#complain('BackupShutdown came while it was frozen')
    return this.#handle('BackupShutdown')
  }

  override onPreRestore(components: WriterComponents | null): Promise<boolean> {
    return this.#handle('PreRestore', async () => {
      for (const own of this.#ownOf(components)) {
        if (this.#config.deleteFiles) await deleteFiles(own.files)
        if (this.#config.deletePartialFiles) {
          await deleteFiles(own.partialFiles.map((file) => ({ ...file, recursive: false })))
        }
        if (this.#config.deleteDifferencedFiles) await deleteFiles(own.differencedFiles)
      }
    })
  }

  override onPostRestore(components: WriterComponents | null): Promise<boolean> {
    return this.#handle('PostRestore', async () => {
      const restored = this.#ownOf(components)
      if (this.#config.checkIncludes) await this.#lookForIncluded(restored.flatMap(({ files }) => files))
      if (this.#config.checkExcludes) await this.#lookForExcluded()
    })
  }

  /** The event's work, or what is ordered instead of it. */
  async #handle(event: TestEvent, work: () => Promise<void> = async () => undefined): Promise<boolean> {
    this.events.push(event)
    this.#onEvent(event)
    const misbehaviour = this.orders.take(event)
    if (misbehaviour !== undefined) {
      await linger(misbehaviour, this.#clock)
      if (misbehaviour.kind === 'throw') throw new Error(misbehaviour.message)
      if (misbehaviour.kind === 'veto' || misbehaviour.kind === 'refuse') {
        // In Identify nobody asks for a status: a writer that fails there is not listed.
        if (event === 'Identify') return false
        this.setWriterFailure(
          misbehaviour.retryable ? 'VSS_E_WRITERERROR_RETRYABLE' : 'VSS_E_WRITERERROR_NONRETRYABLE',
          `${event} failed as ordered`,
        )
        return misbehaviour.kind === 'veto'
      }
    }
    await work()
    return true
  }

  #prepare(component: Component): void {
    const own = this.#own(component)
    if (own === undefined) {
      this.#complain(`${nameOf(component)} is none of its components`)
      return
    }
    for (const { path, filespec, ranges } of this.isPartialFileSupportEnabled() ? own.partialFiles : []) {
      component.addPartialFile(path, filespec, ranges, '')
    }
    for (const { path, filespec, recursive, lastModifyTime } of own.differencedFiles) {
      component.addDifferencedFilesByLastModifyTime(path, filespec, recursive, lastModifyTime)
    }
  }

  /** A component that cannot be selected, with nothing selectable above it, has to be there if anything is. */
  #lookForRequired(components: WriterComponents): void {
    const included = [...components].map((component) => this.#own(component))
    for (const own of this.#config.components) {
      if (own.selectable || included.includes(own)) continue
      const hasChoice = this.#config.components.some((other) => other.selectable && isAbove(other, own))
      if (!hasChoice) this.#complain(`required component '${own.componentName}' was left out`)
    }
  }

  async #lookForIncluded(sets: readonly TestFileSet[]): Promise<void> {
    for (const set of sets) {
      const there = await filesOf(set)
      for (const path of there) {
        const before = this.#included.get(path)
        if (before !== undefined && before !== (await contentOf(path))) {
          this.#complain(`${path} is not as it was backed up`)
        }
      }
      for (const path of await this.#missing(set, there)) this.#complain(`${path} is not back`)
    }
  }

  /** Files of the last backup that lie below the set's path and are not there any more. */
  async #missing(set: TestFileSet, there: readonly string[]): Promise<string[]> {
    const prefix = set.path.endsWith('/') ? set.path : `${set.path}/`
    return [...this.#included.keys()].filter(
      (path) => path.startsWith(prefix) && !there.includes(path) && !this.#isElsewhere(path, set),
    )
  }

  /** Another set below the same path would report it. */
  #isElsewhere(path: string, set: TestFileSet): boolean {
    return !set.recursive && path.slice(set.path.length + 1).includes('/')
  }

  async #lookForExcluded(): Promise<void> {
    for (const set of this.#config.excludeFiles) {
      for (const path of await filesOf(set)) {
        if (!this.#included.has(path)) this.#complain(`${path} is excluded, and there`)
      }
    }
  }

  #ownOf(components: WriterComponents | null): TestComponent[] {
    return [...(components ?? [])].flatMap((component) => this.#own(component) ?? [])
  }

  #own(component: Component): TestComponent | undefined {
    return this.#config.components.find(
      ({ logicalPath, componentName }) =>
        (logicalPath ?? '') === component.getLogicalPath() && componentName === component.getComponentName(),
    )
  }

  #complain(problem: string): void {
    this.problems.push(problem)
  }
}

function describe(config: TestWriterConfig, metadata: CreateWriterMetadata): void {
  const { method, writerRestore, rebootRequired, alternateLocationMappings } = config.restoreMethod
  metadata.setRestoreMethod({ method, writerRestore, rebootRequired })
  metadata.setBackupSchema(config.backupSchema)
  for (const files of config.excludeFiles) metadata.addExcludeFiles(files)
  for (const component of config.components) describeComponent(component, metadata)
  for (const { path, filespec, recursive, alternatePath } of alternateLocationMappings) {
    metadata.addAlternateLocationMapping({
      sourcePath: path,
      sourceFilespec: filespec,
      recursive,
      destination: alternatePath,
    })
  }
}

function describeComponent(component: TestComponent, metadata: CreateWriterMetadata): void {
  const { componentType: type, logicalPath, componentName, selectable } = component
  metadata.addComponent({ type, logicalPath, componentName, selectable, notifyOnBackupComplete: true })
  for (const { path, filespec, recursive, alternatePath, backupTypeMask } of component.files) {
    if (type === VSS_COMPONENT_TYPE.VSS_CT_DATABASE) {
      if (recursive || alternatePath !== null) {
        throw new VssError(
          'E_INVALIDARG',
          `files of database '${componentName}' are recursive or have an alternate path`,
        )
      }
      metadata.addDatabaseFiles({ logicalPath, databaseName: componentName, path, filespec, backupTypeMask })
    } else {
      const group = { logicalPath, groupName: componentName, path, filespec, recursive, backupTypeMask }
      metadata.addFilesToFileGroup({ ...group, alternateLocation: alternatePath })
    }
  }
  for (const dependency of component.dependencies) {
    metadata.addComponentDependency({
      forLogicalPath: logicalPath,
      forComponentName: componentName,
      onWriterId: dependency.writerId,
      onLogicalPath: dependency.logicalPath,
      onComponentName: dependency.componentName,
    })
  }
}

function isAbove(other: TestComponent, own: TestComponent): boolean {
  const full =
    other.logicalPath === null ? other.componentName : `${other.logicalPath}\\${other.componentName}`
  return own.logicalPath === full || (own.logicalPath ?? '').startsWith(`${full}\\`)
}

function nameOf(component: Component): string {
  return `component '${component.getComponentName()}'`
}
