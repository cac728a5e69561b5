// holdfast test-writer and holdfast betest: what they print, leave behind and end with.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { holdfast, result, temporaryDirectory } from './command.ts'

interface Told {
  failedWriters: string[]
  problems: string[]
  snapshots: unknown[]
  events: { writer: string; events: string[] }[]
}

function configuration(t: ExecutionContext, content = ''): string {
  const path = join(temporaryDirectory(t), 'writer.xml')
  writeFileSync(
    path,
    `<TestWriter><Component componentType="filegroup" componentName="files"/>${content}</TestWriter>`,
  )
  return path
}

test.serial('test-writer rehearses a whole backup and says what the writer saw', async (t) => {
  const told = await result<Told>(t, 'test-writer', configuration(t))
  t.like(told, { failedWriters: [], problems: [] })
  t.is(told.events[0]?.events.at(-1), 'BackupShutdown')
  const { stdout } = await holdfast(['test-writer', configuration(t)])
  t.regex(stdout, /doSnapshotSet\s+│ Holdfast Test Writer │ VSS_WS_WAITING_FOR_BACKUP_COMPLETE │ S_OK/)
})

test.serial(
  'test-writer ends with 1 if the writer fails, with 2 or 5 and a reason for a bad configuration',
  async (t) => {
    const failing = configuration(t, '<FailEvent writerEvent="PostSnapshot" retryable="yes"/>')
    const { code, stdout } = await holdfast(['test-writer', failing])
    t.is(code, 1)
    t.regex(stdout, /VSS_WS_FAILED_AT_POST_SNAPSHOT\s+│ VSS_E_WRITERERROR_RETRYABLE/)
    const bad = configuration(t, '<FailEvent writerEvent="Melt"/>')
    const refused = await holdfast(['test-writer', bad, '--json'])
    t.not(refused.code, 0)
    t.regex(refused.stderr, /writerEvent of FailEvent is 'Melt'/)
    t.is(JSON.parse(refused.stdout).error.code, 'VSS_E_INVALID_XML_DOCUMENT')
    t.is((await holdfast(['test-writer', '/nowhere/writer.xml'])).code, 3)
  },
)

test.serial(
  'betest takes shadow copies of an array with test writers, and leaves the documents',
  async (t) => {
    const directory = temporaryDirectory(t)
    const array = join(directory, 'array')
    await result(t, 'array', 'create', array)
    await result(t, 'lun', 'create', array, '8MiB')
    const out = join(directory, 'out')
    const writer = configuration(t)
    const told = await result<Told>(t, 'betest', array, '--writer', writer, '--type', 'copy', '--dir', out)
    t.is(told.failedWriters.length, 0)
    t.is(told.snapshots.length, 1)
    t.deepEqual(readdirSync(out).toSorted(), ['BCD.xml', 'WM0.xml'])
    const document = BackupComponentsDocument.fromXml(readFileSync(join(out, 'BCD.xml'), 'utf8'))
    t.is(document.backupType, 5)
    t.is(document.writers[0]?.components[0]?.componentName, 'files')
    t.true(document.writers[0]?.components[0]?.backupSucceeded)
  },
)
