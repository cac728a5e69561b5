// IVssComponent as a writer sees it: which member is legal in which event, and what it makes of its arguments.
import test from 'ava'
import {
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_ROLLFORWARD_TYPE,
} from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import type { ComponentData } from '../../lib/writer/component-data.ts'
import type { WriterEventType } from '../../lib/writer/events.ts'
import { type Component, type ComponentScope, WriterComponents } from '../../lib/writer/writer-components.ts'
import { fails } from '../document/fails.ts'

const EVENTS: readonly WriterEventType[] = [
  'PrepareForBackup',
  'PostSnapshot',
  'BackupComplete',
  'BackupShutdown',
  'PreRestore',
  'PostRestore',
  'Status',
]

function books(more: Partial<ComponentData> = {}): ComponentData {
  return {
    componentType: VSS_COMPONENT_TYPE.VSS_CT_DATABASE,
    logicalPath: 'main',
    componentName: 'books',
    differencedFiles: [],
    partialFiles: [],
    ...more,
  }
}

function seen(
  eventType: WriterEventType,
  record: ComponentData,
  scope: Partial<ComponentScope> = {},
): Component {
  const writer = { instanceId: newGuid(), writerId: newGuid() }
  const whole = { eventType, running: true, partialFileSupport: true, ...scope }
  return new WriterComponents(writer, [record], whole).getComponent(0)
}

const SETTERS: Record<string, { events: WriterEventType[]; call: (component: Component) => void }> = {
  setBackupMetadata: { events: ['PrepareForBackup', 'PostSnapshot'], call: (c) => c.setBackupMetadata('a') },
  setBackupStamp: { events: ['PrepareForBackup', 'PostSnapshot'], call: (c) => c.setBackupStamp('a') },
  addPartialFile: {
    events: ['PrepareForBackup', 'PostSnapshot'],
    call: (c) => c.addPartialFile('/var/lib', 'books.db', '0:4096', 'a'),
  },
  addDifferencedFilesByLastModifyTime: {
    events: ['PrepareForBackup', 'PostSnapshot'],
    call: (c) => c.addDifferencedFilesByLastModifyTime('/var/lib', '*.db', true, 7n),
  },
  setPrepareForBackupFailureMsg: {
    events: ['PrepareForBackup'],
    call: (c) => c.setPrepareForBackupFailureMsg('a'),
  },
  setPostSnapshotFailureMsg: { events: ['PostSnapshot'], call: (c) => c.setPostSnapshotFailureMsg('a') },
  setPreRestoreFailureMsg: { events: ['PreRestore'], call: (c) => c.setPreRestoreFailureMsg('a') },
  setPostRestoreFailureMsg: { events: ['PostRestore'], call: (c) => c.setPostRestoreFailureMsg('a') },
  setRestoreMetadata: { events: ['PreRestore'], call: (c) => c.setRestoreMetadata('a') },
  setRestoreTarget: {
    events: ['PreRestore'],
    call: (c) => c.setRestoreTarget(VSS_RESTORE_TARGET.VSS_RT_DIRECTED),
  },
  addDirectedTarget: {
    events: ['PreRestore'],
    call: (c) => c.addDirectedTarget('/a', 'b', '0:10', '/c', 'd', '5:10'),
  },
  setFailure: {
    events: ['PrepareForBackup', 'PostSnapshot', 'PreRestore', 'PostRestore'],
    call: (c) => c.setFailure('VSS_E_WRITERERROR_RETRYABLE', 5, 'a'),
  },
}

for (const [member, { events, call }] of Object.entries(SETTERS)) {
  const also = member === 'setBackupStamp' ? 'R132, R154' : 'R132'
  test(`${also}: ${member} is legal in ${events.join(', ')} and VSS_E_BAD_STATE anywhere else`, (t) => {
    for (const event of EVENTS) {
      const record = books()
      if (events.includes(event)) {
        t.notThrows(() => call(seen(event, record)), event)
        t.notDeepEqual(record, books(), event)
        const late = structuredClone(record)
        fails(t, 'VSS_E_BAD_STATE', () => call(seen(event, record, { running: false })))
        t.deepEqual(record, late)
      } else {
        fails(t, 'VSS_E_BAD_STATE', () => call(seen(event, record)))
        t.deepEqual(record, books(), event)
      }
    }
  })
}

test('R25, R31, R49, R52: what a writer says in PrepareForBackup and PostSnapshot is in its record', (t) => {
  const record = books({ backupOptions: 'compress', previousBackupStamp: 'lsn 6' })
  const prepare = seen('PrepareForBackup', record)
  t.is(prepare.getBackupOptions(), 'compress')
  t.is(prepare.getPreviousBackupStamp(), 'lsn 6')
  prepare.setBackupMetadata('m')
  prepare.setPrepareForBackupFailureMsg('slow')
  const post = seen('PostSnapshot', record)
  post.addDifferencedFilesByLastModifyTime('/var/lib', 'books.db', false, 0n)
  post.setBackupStamp('lsn 7')
  post.setPostSnapshotFailureMsg('gone')
  t.deepEqual(record, {
    ...books(),
    backupOptions: 'compress',
    previousBackupStamp: 'lsn 6',
    backupMetadata: 'm',
    backupStamp: 'lsn 7',
    prepareForBackupFailureMsg: 'slow',
    postSnapshotFailureMsg: 'gone',
    differencedFiles: [
      { path: '/var/lib', filespec: 'books.db', recursive: false, lastModifyTime: 0n, lsn: null },
    ],
  })
  t.is(post.getPrepareForBackupFailureMsg(), 'slow')
  t.is(post.getPostSnapshotFailureMsg(), 'gone')
  t.is(post.getBackupMetadata(), 'm')
  t.is(post.getBackupStamp(), 'lsn 7')
  t.is(post.getDifferencedFilesCount(), 1)
  t.like(post.getDifferencedFile(0), { path: '/var/lib', lastModifyTime: 0n })
})

test('R50: a partial file is refused unless the requester supports partial files, and is read back', (t) => {
  const record = books()
  fails(t, 'VSS_E_BAD_STATE', () =>
    seen('PostSnapshot', record, { partialFileSupport: false }).addPartialFile('/var/lib', 'b', '0:1', ''),
  )
  t.deepEqual(record.partialFiles, [])
  const component = seen('PostSnapshot', record)
  component.addPartialFile('/var/lib', 'books.db', '0:0x1000, 8192:512', 'm')
  component.addPartialFile('/var/lib', 'books.wal', 'File=/var/lib/books.ranges', '')
  t.is(component.getPartialFileCount(), 2)
  t.deepEqual(component.getPartialFile(0), {
    path: '/var/lib',
    filespec: 'books.db',
    ranges: '0:0x1000, 8192:512',
    metadata: 'm',
  })
})

test('what a requester prepared for a restore reaches the writer, and what it did is read afterwards', (t) => {
  const moved = { path: '/var/lib', filespec: '*', recursive: true, alternatePath: '/mnt/new' }
  const record = books({
    selectedForRestore: true,
    additionalRestores: true,
    restoreOptions: '"Authoritative"="All"',
    authoritativeRestore: true,
    rollForwardType: VSS_ROLLFORWARD_TYPE.VSS_RF_PARTIAL,
    rollForwardPoint: 'lsn 9',
    restoreName: 'books2',
    newTargets: [moved],
    restoreSubcomponents: [{ logicalPath: 'main\\books', componentName: 'ledger', repair: false }],
    alternateLocationMappings: [{ ...moved, alternatePath: '/mnt/alternate' }],
    fileRestoreStatus: VSS_FILE_RESTORE_STATUS.VSS_RS_ALL,
    backupSucceeded: true,
  })
  const component = seen('PostRestore', record)
  t.true(component.isSelectedForRestore())
  t.true(component.getAdditionalRestores())
  t.true(component.getAuthoritativeRestore())
  t.true(component.getBackupSucceeded())
  t.is(component.getRestoreOptions(), '"Authoritative"="All"')
  t.deepEqual(component.getRollForward(), {
    rollForwardType: VSS_ROLLFORWARD_TYPE.VSS_RF_PARTIAL,
    rollForwardPoint: 'lsn 9',
  })
  t.is(component.getRestoreName(), 'books2')
  t.is(component.getFileRestoreStatus(), VSS_FILE_RESTORE_STATUS.VSS_RS_ALL)
  t.is(component.getRestoreSubcomponentCount(), 1)
  t.deepEqual(component.getRestoreSubcomponent(0), {
    logicalPath: 'main\\books',
    componentName: 'ledger',
    repair: false,
  })
  t.is(component.getNewTargetCount(), 1)
  t.is(component.getNewTarget(0).getAlternateLocation(), '/mnt/new')
  t.is(component.getAlternateLocationMappingCount(), 1)
  const used = component.getAlternateLocationMapping(0)
  t.deepEqual(
    [used.getPath(), used.getFilespec(), used.getRecursive(), used.getAlternateLocation()],
    ['/var/lib', '*', true, '/mnt/alternate'],
  )
})

test('before anything was said, a component has the documented defaults', (t) => {
  const component = seen('PostRestore', books())
  t.false(component.isSelectedForRestore())
  t.false(component.getAdditionalRestores())
  t.false(component.getAuthoritativeRestore())
  t.false(component.getBackupSucceeded())
  t.is(component.getRestoreTarget(), VSS_RESTORE_TARGET.VSS_RT_ORIGINAL)
  t.is(component.getFileRestoreStatus(), VSS_FILE_RESTORE_STATUS.VSS_RS_UNDEFINED)
  t.deepEqual(component.getRollForward(), {
    rollForwardType: VSS_ROLLFORWARD_TYPE.VSS_RF_UNDEFINED,
    rollForwardPoint: undefined,
  })
  t.deepEqual(component.getFailure(), { code: 'S_OK', applicationHresult: 0, message: '' })
  for (const text of [
    component.getRestoreOptions(),
    component.getRestoreName(),
    component.getRestoreMetadata(),
    component.getPreRestoreFailureMsg(),
    component.getPostRestoreFailureMsg(),
  ]) {
    t.is(text, undefined)
  }
  for (const count of [
    component.getNewTargetCount(),
    component.getDirectedTargetCount(),
    component.getRestoreSubcomponentCount(),
    component.getAlternateLocationMappingCount(),
  ]) {
    t.is(count, 0)
  }
  fails(
    t,
    'VSS_E_OBJECT_NOT_FOUND',
    () => component.getNewTarget(0),
    () => component.getDirectedTarget(0),
    () => component.getRestoreSubcomponent(0),
    () => component.getAlternateLocationMapping(0),
    () => component.getPartialFile(0),
    () => component.getDifferencedFile(-1),
  )
})

test('R145: directed targets pair up source and destination, byte by byte', (t) => {
  const record = books()
  const component = seen('PreRestore', record)
  component.setRestoreTarget(VSS_RESTORE_TARGET.VSS_RT_DIRECTED)
  component.setRestoreMetadata('kept')
  component.addDirectedTarget('/a', 'b', '0:100, 500:0x64', '/c', 'd', '7:200')
  t.is(component.getRestoreTarget(), VSS_RESTORE_TARGET.VSS_RT_DIRECTED)
  t.is(component.getDirectedTargetCount(), 1)
  t.like(component.getDirectedTarget(0), { sourceRanges: '0:100, 500:0x64', destinationFilespec: 'd' })
  t.is(component.getRestoreMetadata(), 'kept')
  fails(
    t,
    'E_INVALIDARG',
    () => component.addDirectedTarget('/a', 'b', '0:100', '/c', 'd', '0:99'),
    () => component.addDirectedTarget('/a', 'b', '0-100', '/c', 'd', '0:100'),
    () => component.addDirectedTarget('a', 'b', '0:1', '/c', 'd', '0:1'),
    () => component.addDirectedTarget('/a', 'b', '0:1', '/c', 'd/e', '0:1'),
    () => component.setRestoreTarget(9 as VSS_RESTORE_TARGET),
  )
  t.is(record.directedTargets?.length, 1)
})

test('a component may fail alone, with one of the codes of a writer', (t) => {
  const record = books()
  const component = seen('PostSnapshot', record)
  component.setFailure('VSS_E_WRITERERROR_NONRETRYABLE', 0xffffffff, 'no room')
  const failure = component.getFailure()
  t.deepEqual(failure, {
    code: 'VSS_E_WRITERERROR_NONRETRYABLE',
    applicationHresult: 0xffffffff,
    message: 'no room',
  })
  fails(
    t,
    'E_INVALIDARG',
    () => component.setFailure('VSS_E_BAD_STATE'),
    () => component.setFailure('VSS_E_WRITERERROR_TIMEOUT', -1),
    () => component.setFailure('VSS_E_WRITERERROR_TIMEOUT', 0, '\ud800'),
  )
  t.deepEqual(component.getFailure(), failure)
  component.setFailure('S_OK')
  t.is(component.getFailure().code, 'S_OK')
})

test('differenced files by log sequence number are E_NOTIMPL, and bad paths E_INVALIDARG', (t) => {
  const record = books()
  const component = seen('PostSnapshot', record)
  fails(t, 'E_NOTIMPL', () => component.addDifferencedFilesByLastModifyLSN('/a', 'b', false, '7'))
  fails(
    t,
    'E_INVALIDARG',
    () => component.addDifferencedFilesByLastModifyTime('lib', 'b', false, 0n),
    () => component.addDifferencedFilesByLastModifyTime('/lib', 'a/b', false, 0n),
    () => component.addDifferencedFilesByLastModifyTime('/lib', 'b', false, -1n),
    () => component.addPartialFile('/lib', 'b', '4096', ''),
    () => component.addPartialFile('/lib', '', '0:1', ''),
  )
  t.deepEqual(record, books())
})
