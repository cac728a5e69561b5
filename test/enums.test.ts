import test from 'ava'
import * as enums from '../lib/enums.ts'
import { DOCUMENTED_CONSTANTS, DOCUMENTED_ENUMS, documentedMembers } from './conformance/enums.ts'

const exported = enums as unknown as Record<string, unknown>

for (const [name, documented] of Object.entries(DOCUMENTED_ENUMS)) {
  test(`${name} has exactly the documented names and numbers`, (t) => {
    t.deepEqual(exported[name], Object.fromEntries(documentedMembers(documented)))
  })
}

test('every exported enumeration is in the independent table', (t) => {
  const declared = Object.entries(exported)
    .filter(([, value]) => typeof value === 'object')
    .map(([name]) => name)
  t.deepEqual(declared.sort(), Object.keys(DOCUMENTED_ENUMS).sort())
})

test('the constants that stand alone have the documented values', (t) => {
  for (const [name, value] of Object.entries(DOCUMENTED_CONSTANTS)) t.is(exported[name], value, name)
})

test('each context is the combination of the attribute bits its properties imply', (t) => {
  const attr = enums.VSS_VOLUME_SNAPSHOT_ATTRIBUTES
  const context = enums.VSS_SNAPSHOT_CONTEXT
  const persistent = attr.VSS_VOLSNAP_ATTR_PERSISTENT | attr.VSS_VOLSNAP_ATTR_NO_AUTO_RELEASE
  const shared = persistent | attr.VSS_VOLSNAP_ATTR_CLIENT_ACCESSIBLE
  const withoutWriters = attr.VSS_VOLSNAP_ATTR_NO_WRITERS
  t.is(context.VSS_CTX_FILE_SHARE_BACKUP as number, withoutWriters)
  t.is(context.VSS_CTX_APP_ROLLBACK as number, persistent)
  t.is(context.VSS_CTX_NAS_ROLLBACK as number, persistent | withoutWriters)
  t.is(context.VSS_CTX_CLIENT_ACCESSIBLE_WRITERS as number, shared)
  t.is(context.VSS_CTX_CLIENT_ACCESSIBLE as number, shared | withoutWriters)
})

test('nameOf answers the documented name, and the number where there is none', (t) => {
  t.is(enums.nameOf(enums.VSS_WRITER_STATE, 9), 'VSS_WS_FAILED_AT_FREEZE')
  t.is(enums.nameOf(enums.VSS_APPLICATION_LEVEL, -1), 'VSS_APP_AUTO')
  t.is(enums.nameOf(enums.VSS_SNAPSHOT_CONTEXT, 0xffffffff), 'VSS_CTX_ALL')
  t.is(enums.nameOf(enums.VSS_WRITER_STATE, 99), '99')
})
