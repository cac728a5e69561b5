// Every public member in every state: what the reference (2.2, 3.1) has it give. The table says it once more, apart
// from the library's own, so that neither can be wrong by itself.
import test from 'ava'
import { type VssCode, VssError } from '../../lib/errors.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { type RequesterMember, type RequesterState, RULES } from '../../lib/requester/order.ts'
import { CALLS } from './calls.ts'
import { objectIn, type Scene } from './scene.ts'

const COLUMNS: readonly RequesterState[] = [
  ...(['new', 'initialized', 'gathered', 'setStarted', 'prepared', 'snapped', 'done', 'failed'] as const),
  ...(['aborted', 'restoreInitialized', 'restoreGathered', 'preRestored', 'postRestored', 'closed'] as const),
]

type Cell = '.' | 'c' | 'o' | keyof typeof DOCUMENTED

const DOCUMENTED = {
  n: 'VSS_E_OBJECT_NOT_FOUND',
  u: 'VSS_E_UNSUPPORTED_CONTEXT',
  i: 'E_NOTIMPL',
} as const satisfies Record<string, VssCode>

/*
 * One letter for each of COLUMNS: new, then the states of a backup, then those of a restore, then closed.
 *
 *   o        is done
 *   .        VSS_E_BAD_STATE for the order
 *   c        VSS_E_BAD_STATE because something is missing beside the order
 *   n, u, i  the documented code
 */
const MATRIX: Record<RequesterMember, string> = {
  initializeForBackup: 'o ........ .... .',
  initializeForRestore: 'o ........ .... .',
  enableWriterClasses: '. ooo..... oo.. .',
  disableWriterClasses: '. ooo..... oo.. .',
  disableWriterInstances: '. ooo..... oo.. .',
  gatherWriterMetadata: '. o....... o... .',
  getWriterMetadataCount: '. .ooooooo .ooo .',
  getWriterMetadata: '. .ooooooo .ooo .',
  getWriterMetadataEx: '. .ooooooo .ooo .',
  freeWriterMetadata: '. .ooooooo .ooo .',
  getWriterComponentsCount: '. oooooooo oooo .',
  getWriterComponents: '. nooooooo oooo .',
  gatherWriterStatus: '. oooooooo oooo .',
  getWriterStatusCount: '. cccccccc cccc .',
  getWriterStatus: '. cccccccc cccc .',
  getWriterStatusEx: '. cccccccc cccc .',
  freeWriterStatus: '. oooooooo oooo .',
  getSessionId: '. oooooooo oooo .',
  getRootAndLogicalPrefixPaths: '. oooooooo oooo .',
  setPreviousBackupStamp: '. .oo..... oo.. .',
  saveAsXML: '. ...ooo.. oooo .',
  setContext: '. oo...... .... .',
  setBackupState: '. ooo..... .... .',
  addComponent: '. .oo..... .... .',
  setBackupOptions: '. .oo..... .... .',
  startSnapshotSet: '. oo...... .... .',
  addToSnapshotSet: '. ..o..... .... .',
  prepareForBackup: '. .oo..... .... .',
  doSnapshotSet: '. ..co.... .... .',
  setBackupSucceeded: '. ...oo... .... .',
  backupComplete: '. ...oo... .... .',
  abortBackup: '. oooooooo .... .',
  isVolumeSupported: '. oooooooo .... .',
  getSnapshotProperties: '. nnnnnnnn .... .',
  query: '. oooooooo .... .',
  deleteSnapshots: '. nnnnnnnn .... .',
  exposeSnapshot: '. nnnnnnnn .... .',
  unexposeSnapshot: '. nnnnnnnn .... .',
  breakSnapshotSet: '. nnnnnnnn .... .',
  breakSnapshotSetEx: '. nnnnnnnn .... .',
  revertToSnapshot: '. uuuuuuuu .... .',
  queryRevertStatus: '. nnnnnnnn nnnn .',
  importSnapshots: '. cc...... .... .',
  setRestoreState: '. ........ oo.. .',
  setSelectedForRestore: '. ........ .o.. .',
  setSelectedForRestoreEx: '. ........ .o.. .',
  addRestoreSubcomponent: '. ........ .o.. .',
  addNewTarget: '. ........ oo.. .',
  setRestoreOptions: '. ........ oo.. .',
  setRestoreName: '. ........ oo.. .',
  setAuthoritativeRestore: '. ........ oo.. .',
  setRollForward: '. ........ oo.. .',
  setAdditionalRestores: '. ........ ooo. .',
  preRestore: '. ........ .o.. .',
  setFileRestoreStatus: '. ........ ..o. .',
  addAlternativeLocationMapping: '. ........ ..o. .',
  setRangesFilePath: '. ........ ..o. .',
  postRestore: '. ........ ..o. .',
  addSnapshotToRecoverySet: '. ........ oo.. .',
  recoverSet: '. ........ cc.. .',
  preFastRecovery: '. iiiiiiii iiii .',
  fastRecovery: '. iiiiiiii iiii .',
}

const MEMBERS = Object.keys(MATRIX) as RequesterMember[]

function cellOf(member: RequesterMember, state: RequesterState): Cell {
  return MATRIX[member].replaceAll(' ', '')[COLUMNS.indexOf(state)] as Cell
}

async function outcomeOf(scene: Scene, member: RequesterMember): Promise<unknown> {
  try {
    await scene.world.clock.run(Promise.resolve(CALLS[member](scene)))
    return undefined
  } catch (thrown) {
    return thrown
  }
}

for (const state of COLUMNS) {
  test(`R17: in state '${state}' every member gives its documented result or VSS_E_BAD_STATE`, async (t) => {
    for (const member of MEMBERS) {
      const scene = await objectIn(state)
      t.is(scene.backup.state, state)
      const outcome = await outcomeOf(scene, member)
      const cell = cellOf(member, state)
      const message = `${member}: ${String(outcome)}`
      if (cell === 'o') {
        t.is(outcome, undefined, message)
      } else {
        t.true(outcome instanceof VssError, message)
        const { code, remedy } = outcome as VssError
        t.is(code, cell === '.' || cell === 'c' ? 'VSS_E_BAD_STATE' : DOCUMENTED[cell], message)
        t.true(remedy.length > 10, message)
        const isOrder = String(outcome).includes(`${member} was called in state '${state}'`)
        t.is(isOrder, cell === '.', message)
        if (cell === '.') t.is(scene.backup.state, state, `${member} changed nothing`)
      }
      await scene.world.clock.run(scene.backup.close())
    }
  })
}

test('the matrix has every public member of the class, and the order table agrees with it', (t) => {
  const members = new Set<string>()
  for (let at: object = BackupComponents.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor') members.add(name)
    }
  }
  members.delete('close')
  t.deepEqual([...members].sort(), [...MEMBERS].sort())
  for (const member of MEMBERS) {
    const legal = COLUMNS.filter((state) => cellOf(member, state) !== '.')
    const { legalIn } = RULES[member]
    t.deepEqual([...legalIn].sort(), [...legal].sort(), member)
  }
})

for (const [state, begin, busyWith] of [
  ['setStarted', 'prepareForBackup', 'PrepareForBackup'],
  ['restoreGathered', 'preRestore', 'PreRestore'],
] as const) {
  test(`R37: while ${begin} is under way every other member is refused, abortBackup of a backup excepted`, async (t) => {
    const scene = await objectIn(state)
    const { backup, world, writer } = scene
    let answer: () => void = () => undefined
    const deliver = writer.deliver.bind(writer)
    writer.deliver = async (event) => {
      if (event.type === busyWith) await new Promise<void>((resolve) => (answer = resolve))
      return deliver(event)
    }
    const underWay = Promise.resolve(CALLS[begin](scene))
    await world.clock.settle()
    for (const member of MEMBERS) {
      if (member === 'abortBackup' && state === 'setStarted') continue
      const outcome = await outcomeOf(scene, member)
      t.like(outcome, { code: 'VSS_E_BAD_STATE' }, member)
      if (member === 'abortBackup') continue
      t.regex(String(outcome), new RegExp(`while ${begin} was under way.*Await ${begin} first`), member)
    }
    answer()
    await world.clock.run(underWay)
    t.is(backup.state, state === 'setStarted' ? 'prepared' : 'preRestored')
    await world.clock.run(backup.close())
  })
}
