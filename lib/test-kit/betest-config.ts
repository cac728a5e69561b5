/**
 * What a test requester is to select: BETest's configuration (reference 5.4), `BETest/Writer[@writerid]` with
 * `Component[@componentName]` below. A writer without components means all of its components.
 */
import { readString, requireGuid, requireString } from '../document/values.ts'
import { childElements, parseConfiguration, rootOf } from '../document/xml.ts'
import type { Guid } from '../ids.ts'

export interface BetestConfig {
  writers: {
    writerId: Guid
    /** Undefined logical paths stand for any. */
    components: { componentName: string; logicalPath: string | undefined }[]
  }[]
}

/**
 * @throws VssError `VSS_E_INVALID_XML_DOCUMENT` naming what is missing, `VSS_E_CORRUPT_XML_DOCUMENT` for what is not
 *   well-formed
 */
export function parseBetestConfig(xml: string | Uint8Array): BetestConfig {
  const root = rootOf(parseConfiguration(xml, 'BETest'))
  return {
    writers: childElements(root, 'Writer').map((writer) => ({
      writerId: requireGuid(writer, 'writerid'),
      components: childElements(writer, 'Component').map((component) => ({
        componentName: requireString(component, 'componentName'),
        logicalPath: readString(component, 'logicalPath') ?? undefined,
      })),
    })),
  }
}
