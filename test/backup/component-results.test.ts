import test from 'ava'
import { ComponentResults } from '../../lib/backup/component-results.ts'
import { BackupFileList } from '../../lib/backup/file-list.ts'
import { pairDocuments } from '../../lib/backup/writers.ts'
import { VSS_BACKUP_TYPE, VSS_FILE_RESTORE_STATUS } from '../../lib/enums.ts'
import { documentOf, metadataOf } from './documents.ts'

const { VSS_RS_ALL, VSS_RS_NONE, VSS_RS_FAILED } = VSS_FILE_RESTORE_STATUS

test('R128, R143: one file that fails fails the component with all that came along, and the status says how far', (t) => {
  const metadata = metadataOf({
    components: [
      { name: 'whole', files: [{ path: '/w' }] },
      { name: 'half', files: [{ path: '/h' }] },
      { name: 'half\\sub', files: [{ path: '/h/sub' }] },
      { name: 'none', files: [{ path: '/n' }] },
      { name: 'empty' },
    ],
  })
  const writers = pairDocuments(documentOf([[metadata, ['whole', 'half', 'none', 'empty']]]), [metadata])
  const list = new BackupFileList(writers, {
    ...{ backupType: VSS_BACKUP_TYPE.VSS_BT_FULL, environment: {} },
    others: [{ path: '/o', filespec: '*', recursive: false }],
  })
  const results = new ComponentResults(writers)
  for (const entry of list) results.add(entry, !['/h/sub', '/n', '/o'].includes(entry.path))
  t.deepEqual(
    [...results].map(({ defining, succeeded, status }) => [defining.componentName, succeeded, status]),
    [
      ['whole', true, VSS_RS_ALL],
      ['half', false, VSS_RS_FAILED],
      ['none', false, VSS_RS_NONE],
      ['empty', true, VSS_RS_ALL],
    ],
  )
})
