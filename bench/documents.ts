/**
 * What loading a large Writer Metadata Document costs beside the bare parse of its XML library.
 *
 *     npm run bench -- documents [--json] [--quick] [--check]
 *
 * The document is of the shape and size of a system writer's: one component with some 13,000 file sets, 2.1 MB. With
 * HOLDFAST_FIXTURES the real one of the fixtures is measured too. Loading includes decoding, the scan for what is
 * hostile, the parse, and the check of every value; the library alone does the parse. The two take turns, and the
 * median of the ratios of neighbours counts, so that a busy machine slows both.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DOMParser } from '@xmldom/xmldom'
import { WriterMetadataDocument } from 'holdfast'
import { judge } from './support/bars.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { median, rounded } from './support/stats.ts'

interface Measured {
  name: string
  bytes: number
  parseMillis: number
  loadMillis: number
  ratio: number
  saveMillis: number
}

const options = benchOptions()
const rounds = options.quick ? 5 : 15

function systemWriter(): Buffer {
  const files = Array.from({ length: 13_000 }, (_, index) => {
    const path = `%SystemRoot%\\WinSxS\\amd64_microsoft-windows-part-${index}_31bf3856ad364e35_6.2.9200.16384`
    return `<FILE_LIST path="${path}" filespec="part${index}.dll" recursive="no" filespecBackupType="3855"/>`
  })
  return Buffer.from(
    '<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2"><IDENTIFICATION ' +
      'writerId="e8132975-6f93-4464-a53e-1050253ae220" instanceId="ce678d65-95d0-4bea-a43d-2a288bc94500" ' +
      'friendlyName="System Writer" usage="BOOTABLE_SYSTEM_STATE" dataSource="OTHER"/><BACKUP_LOCATIONS>' +
      `<FILE_GROUP componentName="System Files" selectable="yes">${files.join('')}</FILE_GROUP>` +
      '</BACKUP_LOCATIONS></WRITER_METADATA>',
  )
}

function realWriter(): Buffer | undefined {
  const fixtures = process.env['HOLDFAST_FIXTURES']
  const packed = join(fixtures ?? '', 'windows-2012/WM3.xml.xz')
  if (fixtures === undefined || !existsSync(packed)) return undefined
  return execFileSync('xz', ['-dc', packed], { maxBuffer: 1 << 26 })
}

function millisOf(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function measure(name: string, bytes: Buffer): Measured {
  const parses: number[] = []
  const loads: number[] = []
  const saves: number[] = []
  const parse = (): unknown => new DOMParser().parseFromString(bytes.toString(), 'text/xml')
  parse()
  let loaded = WriterMetadataDocument.fromXml(bytes)
  for (let round = 0; round < rounds; round++) {
    parses.push(millisOf(parse))
    loads.push(
      millisOf(() => {
        loaded = WriterMetadataDocument.fromXml(bytes)
      }),
    )
    saves.push(millisOf(() => loaded.toXml()))
  }
  return {
    name,
    bytes: bytes.length,
    parseMillis: rounded(median(parses)),
    loadMillis: rounded(median(loads)),
    ratio: rounded(median(loads.map((load, index) => load / (parses[index] ?? Number.NaN))), 2),
    saveMillis: rounded(median(saves)),
  }
}

const real = realWriter()
const rows = [
  measure('of a system writer’s shape', systemWriter()),
  ...(real === undefined ? [] : [measure('of a real system writer', real)]),
]
printMachine()
printTable(
  ['document', 'bytes', 'bare parse ms', 'load ms', 'load ÷ parse', 'save ms'],
  rows.map(({ name, bytes, parseMillis, loadMillis, ratio, saveMillis }) => [
    ...[name, bytes, parseMillis, loadMillis, ratio, saveMillis],
  ]),
)
judge(
  rows.map(({ name, ratio }) => ({
    name: `load ÷ bare parse, ${name}`,
    measured: ratio,
    limit: 1.5,
    kind: 'most' as const,
  })),
  options.check,
)
if (options.json) console.log(JSON.stringify({ bench: 'documents', documents: rows }))
