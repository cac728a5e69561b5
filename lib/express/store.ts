/**
 * The registered express writers: one Writer Metadata Document each, in a directory, under the class id of the
 * writer. The coordinator asks for them whenever metadata are gathered, so what another process registers counts from
 * then on.
 */
import { link, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { DEFAULT_XML_LIMITS } from '../document/xml-scan.ts'
import { syncDirectory, writeDurably } from '../durable-files.ts'
import { VSS_APPLICATION_LEVEL, VSS_WRITER_STATE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { type Guid, isGuid, newGuid } from '../ids.ts'
import { type Remedies, systemErrorAbout } from '../system-error.ts'
import type { WriterConnection, WriterEvent, WriterReply } from '../writer/events.ts'
import { checkExpressMetadata } from './metadata.ts'

const SUFFIX = '.xml'
const REMEDIES: Remedies = {
  VSS_E_OBJECT_NOT_FOUND: 'Check the directory of the express writers.',
  VSS_E_OBJECT_ALREADY_EXISTS: 'Unregister the writer first.',
}

export class ExpressWriterStore {
  readonly #directory: string

  /** @param directory - made when the first writer is registered */
  constructor(directory: string) {
    if (typeof directory !== 'string' || directory === '') {
      throw new VssError('E_INVALIDARG', 'the directory of express writers must be a path', {
        culprit: 'directory',
      })
    }
    this.#directory = directory
  }

  /** @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` if a writer of this class is registered, or what the system says */
  async add(metadata: WriterMetadataDocument): Promise<void> {
    const path = this.#pathOf(metadata.getIdentity().writerId)
    const unfinished = join(this.#directory, `.${newGuid()}`)
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o755 })
      await writeDurably(unfinished, metadata.toXml())
      // Takes the name whole or not at all, and only if nobody has it.
      await link(unfinished, path)
      await syncDirectory(this.#directory)
    } catch (thrown) {
      throw systemErrorAbout(path, thrown, REMEDIES)
    } finally {
      await rm(unfinished, { force: true })
    }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if no writer of this class is registered, or what the system says */
  async remove(writerId: Guid): Promise<void> {
    const path = this.#pathOf(writerId)
    try {
      await rm(path)
      await syncDirectory(this.#directory)
    } catch (thrown) {
      throw systemErrorAbout(path, thrown, REMEDIES)
    }
  }

  /**
   * The registered writers as those who answer Identify. A document that cannot be read, or that says what an express
   * writer may not, is as if it were not there, like a writer that fails its Identify.
   */
  async connections(): Promise<readonly WriterConnection[]> {
    const names = await readdir(this.#directory).catch(() => [])
    const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
    const connections = await Promise.all(ids.filter(isGuid).map((writerId) => this.#connection(writerId)))
    return connections.filter((connection) => connection !== undefined)
  }

  async #connection(writerId: Guid): Promise<WriterConnection | undefined> {
    try {
      const path = this.#pathOf(writerId)
      const about = await stat(path)
      if (!about.isFile() || about.size > DEFAULT_XML_LIMITS.maxBytes) return undefined
      const metadata = WriterMetadataDocument.fromXml(await readFile(path))
      if (metadata.getIdentity().writerId !== writerId) return undefined
      checkExpressMetadata(metadata)
      return new ExpressConnection(metadata)
    } catch {
      return undefined
    }
  }

  #pathOf(writerId: Guid): string {
    return join(this.#directory, `${writerId}${SUFFIX}`)
  }
}

/** Nobody is there to get events: Identify is answered from what was registered, everything else with "stable". */
class ExpressConnection implements WriterConnection {
  readonly identity: WriterConnection['identity']
  readonly #metadataXml: string

  constructor(metadata: WriterMetadataDocument) {
    const { writerId, instanceId, writerName, instanceName, usage, source } = metadata.getIdentityEx()
    this.identity = {
      ...metadata.getVersion(),
      ...{ writerId, instanceId, writerName },
      instanceName: instanceName ?? '',
      usageType: usage,
      sourceType: source,
      applicationLevel: VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
      freezeTimeoutMillis: 60_000,
    }
    this.#metadataXml = metadata.toXml()
  }

  async deliver(event: WriterEvent): Promise<WriterReply> {
    const stable = { state: VSS_WRITER_STATE.VSS_WS_STABLE, failure: 'S_OK', fatal: false } as const
    return event.type === 'Identify' ? { ...stable, metadataXml: this.#metadataXml } : stable
  }
}
