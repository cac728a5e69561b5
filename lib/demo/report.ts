/**
 * The result of a demo as one JSON object: what `--json` prints on the last line and what report.json
 * keeps.
 */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { HeldLun } from '../coordinator/kernel-support.ts'
import type { TimelineEntry } from '../coordinator/timeline.ts'
import type { Guid } from '../ids.ts'
import type { BackupOutcome, FrozenWriter } from './backup.ts'
import { type Check, isVerified } from './check.ts'
import { type DemoOutput, REPORT_NAME } from './output.ts'
import type { BystanderFacts } from './prove-bystander.ts'
import type { LedgerFacts } from './prove-ledger.ts'

export interface ReportedVolume {
  image: string
  sizeBytes: number
  sha256: string
  originalVolumeName: string
  originalLun: Guid
  snapshotId: Guid
  deviceObject: string
}

export interface DemoReport {
  /** Of the snapshot set: `created`, if every shadow copy of it is. */
  state: string
  verified: boolean
  checks: Check[]
  /** Null without a ledger. */
  transactionsAtInstant: number | null
  /** Acknowledged after the thaw, until the backup was complete. Null without a ledger. */
  transactionsAfter: number | null
  holdMicros: number
  freezeMillis: number
  snapshotSetId: Guid
  volumes: ReportedVolume[]
  /** One sentence: who held the set up, and for how long. */
  summary: string
  frozenWriters: FrozenWriter[]
  heldLuns: HeldLun[]
  timeline: TimelineEntry[]
  warnings: string[]
  /** Null without loads. What the proof of the images needs, so that it can be repeated. */
  ledger: LedgerFacts | null
  bystander: (BystanderFacts & { recordsAtInstant: number; recordsAfter: number }) | null
  out: string
  files: string[]
  /** What is left here of earlier demos. This report says nothing of it; a later demo may replace it. */
  earlierFiles: string[]
}

export interface LoadsReport {
  transactionsAtInstant: number
  transactionsAfter: number
  ledger: LedgerFacts
  bystander: BystanderFacts & { recordsAtInstant: number; recordsAfter: number }
}

/** Makes the report and puts it in place with all that it is about. */
export async function writeReport(
  outcome: BackupOutcome,
  checks: Check[],
  loads: LoadsReport | null,
  output: DemoOutput,
): Promise<DemoReport> {
  const { report, volumes } = outcome
  const files = [
    ...volumes.map(({ image }) => image.path),
    outcome.backupComponentsDocument,
    ...outcome.writerMetadataDocuments,
    REPORT_NAME,
  ].map((path) => join(output.directory, basename(path)))
  const earlier = [...output.earlier].map((name) => join(output.directory, name))
  const result: DemoReport = {
    state: volumes.find(({ state }) => state !== 'created')?.state ?? 'created',
    verified: isVerified(checks),
    checks: checks.map((check) =>
      'detail' in check ? { ...check, detail: output.asPlaced(check.detail) } : check,
    ),
    transactionsAtInstant: loads?.transactionsAtInstant ?? null,
    transactionsAfter: loads?.transactionsAfter ?? null,
    holdMicros: Math.round(report.hold?.holdMicros ?? 0),
    freezeMillis: report.freezeMicros / 1000,
    snapshotSetId: outcome.snapshotSetId,
    volumes: volumes.map(({ image, originalVolumeName, originalLun, snapshotId, deviceObject }) => ({
      image: output.asPlaced(image.path),
      sizeBytes: image.sizeBytes,
      sha256: image.sha256,
      originalVolumeName,
      originalLun,
      snapshotId,
      deviceObject,
    })),
    summary: report.summary,
    frozenWriters: outcome.frozenWriters,
    heldLuns: (report.hold?.luns ?? []).map((held) => ({ ...held, holdMicros: Math.round(held.holdMicros) })),
    timeline: report.timeline,
    warnings: report.warnings,
    ledger: loads?.ledger ?? null,
    bystander: loads?.bystander ?? null,
    out: output.directory,
    files,
    earlierFiles: earlier.filter((path) => !files.includes(path) && existsSync(path)),
  }
  await output.write(REPORT_NAME, `${JSON.stringify(result, null, 2)}\n`)
  await output.publish()
  return result
}
