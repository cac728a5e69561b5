/**
 * Asking a writer to describe itself. The handler may be run at any time, for a requester or for the writer
 * itself; it knows of neither.
 */
import { CreateWriterMetadata } from '../document/create-writer-metadata.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { VssError } from '../errors.ts'
import type { WriterIdentity } from './events.ts'
import { runInScope } from './handler-scope.ts'
import type { HandlerResult } from './writer.ts'

/** What of a writer is needed to describe it. */
interface Describable {
  readonly identity: Readonly<WriterIdentity>
  onIdentifyEx(metadata: CreateWriterMetadata): HandlerResult
}

/**
 * Runs onIdentifyEx and gives the document it made, which nobody can change any more.
 *
 * @throws what the handler threw; VssError `VSS_E_WRITERERROR_NONRETRYABLE` if it returned false
 */
export async function identify(writer: Describable): Promise<WriterMetadataDocument> {
  const { identity } = writer
  const metadata = new CreateWriterMetadata({
    writerId: identity.writerId,
    instanceId: identity.instanceId,
    writerName: identity.writerName,
    instanceName: identity.instanceName === '' ? null : identity.instanceName,
    usage: identity.usageType,
    source: identity.sourceType,
    majorVersion: identity.majorVersion,
    minorVersion: identity.minorVersion,
  })
  const scope = {
    instanceId: identity.instanceId,
    eventType: 'Identify' as const,
    sessionId: null,
    state: null,
    set: null,
    devices: [],
    level: identity.applicationLevel,
    running: true,
    failure: undefined,
  }
  const returned = await runInScope(scope, () => writer.onIdentifyEx(metadata))
  if (returned === true || returned === undefined) return metadata.finish()
  throw new VssError('VSS_E_WRITERERROR_NONRETRYABLE', 'onIdentify returned false', {
    culprit: identity.writerName,
  })
}
