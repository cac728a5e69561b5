/**
 * Where saved metadata lie: a handful of files in a directory of their own, or in a zip file. The forms differ in
 * how they are opened and made; this is what they have in common.
 */
import type { Buffer } from 'node:buffer'
import type { Remedies } from '../system-error.ts'

/** A file that goes in, by its bare name. */
export interface CabinetFile {
  name: string
  bytes: Buffer
}

/** Something opened for reading. */
export interface Cabinet extends AsyncDisposable {
  /**
   * The bytes of a file, no more than `maxBytes`.
   *
   * @throws VssError `VSS_E_INVALID_XML_DOCUMENT` if there is no such file or it is larger,
   *   `VSS_E_CORRUPT_XML_DOCUMENT` if it is damaged
   */
  read(name: string, maxBytes: number, signal?: AbortSignal): Promise<Buffer>
}

export const REMEDIES_OF_INPUT: Remedies = {
  VSS_E_OBJECT_NOT_FOUND: 'Check the path of the saved metadata.',
  E_ACCESSDENIED: 'Make it readable, or copy it to where it is.',
}
