/**
 * A writer that remembers its events and knows whether it is frozen.
 */
import type { CreateWriterMetadata } from '../../../lib/document/create-writer-metadata.ts'
import { VSS_APPLICATION_LEVEL, VSS_COMPONENT_TYPE } from '../../../lib/enums.ts'
import { type Guid, newGuid } from '../../../lib/ids.ts'
import { Writer } from '../../../lib/writer/writer.ts'
import type { WriterComponents } from '../../../lib/writer/writer-components.ts'
import type { Faults } from './faults.ts'

type Answer = () => boolean | undefined

export class FakeWriter extends Writer {
  readonly events: string[] = []
  frozen = false
  /** What a handler does and answers beside recording; `true` without it. */
  readonly answers: Map<string, Answer> = new Map()
  /** Seen by the last handler that was given components. */
  components: WriterComponents | null | undefined
  readonly #faults: Faults
  readonly #trace: string[]

  constructor(
    name: string,
    faults: Faults,
    options: {
      level?: VSS_APPLICATION_LEVEL
      freezeTimeoutMillis?: number
      trace?: string[]
      writerId?: Guid
    } = {},
  ) {
    super({
      writerId: options.writerId ?? newGuid(),
      writerName: name,
      usageType: 3,
      sourceType: 2,
      applicationLevel: options.level ?? VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
      ...(options.freezeTimeoutMillis === undefined
        ? {}
        : { freezeTimeoutMillis: options.freezeTimeoutMillis }),
    })
    this.#faults = faults
    this.#trace = options.trace ?? []
  }

  /** Closing calls since the last Freeze. */
  get closingCalls(): string[] {
    const lastFreeze = this.events.lastIndexOf('onFreeze')
    return this.events.slice(lastFreeze + 1).filter((event) => event === 'onThaw' || event === 'onAbort')
  }

  async #handle(name: string): Promise<boolean | undefined> {
    this.events.push(name)
    this.#trace.push(`${this.identity.writerName}.${name}`)
    await this.#faults.reach(`${this.identity.writerName}.${name}`)
    return this.answers.get(name)?.() ?? true
  }

  override onIdentify(metadata: CreateWriterMetadata): Promise<boolean | undefined> {
    metadata.addComponent({
      type: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
      componentName: 'files',
      selectable: true,
    })
    return this.#handle('onIdentify')
  }

  override onPrepareBackup(components: WriterComponents | null): Promise<boolean | undefined> {
    this.components = components
    return this.#handle('onPrepareBackup')
  }

  onPrepareSnapshot(): Promise<boolean | undefined> {
    return this.#handle('onPrepareSnapshot')
  }

  async onFreeze(): Promise<boolean | undefined> {
    const answer = await this.#handle('onFreeze')
    this.frozen = true
    return answer
  }

  onThaw(): Promise<boolean | undefined> {
    this.frozen = false
    return this.#handle('onThaw')
  }

  onAbort(): Promise<boolean | undefined> {
    this.frozen = false
    return this.#handle('onAbort')
  }

  override onPostSnapshot(components: WriterComponents | null): Promise<boolean | undefined> {
    this.components = components
    return this.#handle('onPostSnapshot')
  }

  override onBackupComplete(components: WriterComponents | null): Promise<boolean | undefined> {
    this.components = components
    return this.#handle('onBackupComplete')
  }

  override onPreRestore(components: WriterComponents | null): Promise<boolean | undefined> {
    this.components = components
    return this.#handle('onPreRestore')
  }

  override onPostRestore(components: WriterComponents | null): Promise<boolean | undefined> {
    this.components = components
    return this.#handle('onPostRestore')
  }

  override onBackupShutdown(): Promise<boolean | undefined> {
    return this.#handle('onBackupShutdown')
  }
}
