/** The process that the file-list bench watches: works out one list and writes its {@link ListFigures} to stdout. */
import { BackupFileList, VSS_BACKUP_TYPE, WriterMetadataDocument, type WriterToBackUp } from 'holdfast'

export interface ListFigures {
  files: number
  listMillis: number
  loadMillis: number
  peakBytes: number
}

const filesOfWriter = 1000
const componentsOfWriter = 10
const [dataVolume, spitVolume] = ['1', '2'].map(
  (digit) => `\\\\?\\Volume{${digit.repeat(8)}-0000-4000-8000-000000000000}\\`,
) as [string, string]

function xmlOf(writer: number): string {
  const id = `00000000-0000-4000-8000-${String(writer).padStart(12, '0')}`
  const components = Array.from({ length: componentsOfWriter }, (_, component) => {
    const directory = `/srv/app${writer}/store${component}`
    const sets = Array.from({ length: filesOfWriter / componentsOfWriter }, (_, file) => {
      const alternate = file % 10 === 0 ? ` alternatePath="/spit/app${writer}"` : ''
      return `<FILE_LIST path="${directory}/shelf${file % 16}" filespec="segment-${file}.dat"${alternate}/>`
    })
    // Beyond the number, and excluded below.
    const cached = sets.filter((_, file) => file % 100 === 0).map((set) => set.replace('.dat"', '.cache"'))
    return `<FILE_GROUP componentName="c${component}" selectable="yes">${[...sets, ...cached].join('')}</FILE_GROUP>`
  })
  return (
    '<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2">' +
    `<IDENTIFICATION writerId="${id}" instanceId="${id}" friendlyName="App ${writer}" usage="USER_DATA" ` +
    `dataSource="OTHER"/><BACKUP_LOCATIONS><EXCLUDE_FILES path="/srv" filespec="*.cache" recursive="yes"/>` +
    `<EXCLUDE_FILES path="/srv/app${writer}/tmp" filespec="*" recursive="yes"/>${components.join('')}` +
    '</BACKUP_LOCATIONS></WRITER_METADATA>'
  )
}

let loadMillis = 0

function* writers(count: number): Generator<WriterToBackUp> {
  for (let writer = 0; writer < count; writer++) {
    const start = performance.now()
    const metadata = WriterMetadataDocument.fromXml(xmlOf(writer))
    loadMillis += performance.now() - start
    yield {
      metadata,
      explicit: Array.from({ length: componentsOfWriter }, (_, component) => ({
        logicalPath: null,
        componentName: `c${component}`,
      })),
    }
  }
}

const list = new BackupFileList(writers(Number(process.argv[2])), {
  backupType: VSS_BACKUP_TYPE.VSS_BT_FULL,
  environment: {},
  mounts: [
    { path: '/srv', volumeName: dataVolume },
    { path: '/spit', volumeName: spitVolume },
  ],
  copies: [
    { volumeName: dataVolume, root: '/copies/data' },
    { volumeName: spitVolume, root: '/copies/spit' },
  ],
})
const start = performance.now()
let files = 0
let nameBytes = 0
for (const { source, entry } of list.placed()) {
  if (source === null) throw new Error(`${entry.path} lies nowhere`)
  files++
  nameBytes += source.length + entry.path.length + entry.filespec.length
}
const listMillis = performance.now() - start - loadMillis
if (files !== Number(process.argv[2]) * filesOfWriter || nameBytes === 0)
  throw new Error(`${files} files were listed`)
const peakBytes = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ files, listMillis, loadMillis, peakBytes } satisfies ListFigures))
