import test from 'ava'
import { pageFaults, summaryFaults } from './check.ts'
import { readDeclarations } from './declarations.ts'
import { INTERFACES, memberRows, tableMistakes } from './members.ts'
import { allRows, pageOf, summaryOf } from './page.ts'
import { numbersIn, REQUIREMENTS, requirementRows, unknownNumbers } from './requirements.ts'
import { readJUnitResults, readTapResults, type TestResult } from './results.ts'

const passed = (title: string): TestResult => ({ suite: 'room › file', title, outcome: 'passed' })
const declarations = readDeclarations()

test('every documented constant has its number, and no table contradicts what is declared', (t) => {
  const { constants } = summaryOf(allRows(declarations, []))
  t.is(constants.equal, constants.total)
  t.true(constants.total > 400)
  t.deepEqual(tableMistakes(declarations), [])
})

test('a member is implemented where a class or type declares it, and only there', (t) => {
  const table = {
    name: 'IVssTrial',
    carriers: ['WMDependency'],
    members: 'GetWriterId GetNothing GetReason',
    absent: { GetReason: 'why' },
  }
  t.deepEqual(
    memberRows(declarations, [table]).map(({ standing, detail }) => [standing, detail]),
    [
      ['implemented', 'WMDependency.getWriterId'],
      ['missing', ''],
      ['absent', 'why'],
    ],
  )
  t.is(declarations.membersOf('NoSuchName'), undefined)
  t.true(declarations.membersOf('typeof WriterMetadataDocument')?.includes('fromXml'))
})

test('every interface has a name of its own and members', (t) => {
  t.is(new Set(INTERFACES.map(({ name }) => name)).size, INTERFACES.length)
  t.deepEqual(
    INTERFACES.filter(({ members }) => members.trim() === ''),
    [],
  )
})

test('there are 198 requirements, each said in one sentence', (t) => {
  t.is(Object.keys(REQUIREMENTS).length, 198)
  for (let number = 1; number <= 198; number++)
    t.regex(REQUIREMENTS[number] ?? '', /^[A-Z].*\.$/, `R${number}`)
})

test('a title names requirements at its beginning only', (t) => {
  t.deepEqual(numbersIn('R1: one'), [1])
  t.deepEqual(numbersIn('R84, R87: two'), [84, 87])
  t.deepEqual(numbersIn('R96_R101_WritesWait'), [96, 101])
  t.deepEqual(numbersIn('as R1: says'), [])
  t.deepEqual(numbersIn('R1 without a colon'), [])
})

test('only a test that ran and passed proves a requirement', (t) => {
  const title = 'R31: stamps set in PostSnapshot are in the document afterwards'
  const standing = (outcome: TestResult['outcome']): string | undefined =>
    requirementRows([{ suite: 's', title, outcome }]).find(({ number }) => number === 31)?.standing
  t.is(standing('passed'), 'proved')
  t.is(standing('failed'), 'unproved')
  t.is(standing('skipped'), 'unproved')
  t.deepEqual(unknownNumbers([passed('R198: is the last'), passed('R199: is none')]), [
    'room › file › R199: is none',
  ])
})

test('results are read from TAP and from JUnit, with what failed and what was skipped', (t) => {
  const tap = [
    'ok 1 - coordinator › ending › R166: one',
    'not ok 2 - coordinator › ending › R167: two',
    'ok 3 - clock › three # SKIP',
    '# tests 3',
  ].join('\n')
  t.deepEqual(readTapResults(tap), [
    { suite: 'coordinator/ending', title: 'R166: one', outcome: 'passed' },
    { suite: 'coordinator/ending', title: 'R167: two', outcome: 'failed' },
    { suite: 'clock', title: 'three', outcome: 'skipped' },
  ])
  const xml = ['run', 'fail', 'notrun'].map(
    (status) => `<testcase name="Gate.R101_A" classname="x" status="${status}">`,
  )
  t.deepEqual(
    readJUnitResults(xml.join('\n')).map(({ suite, title, outcome }) => [suite, title, outcome]),
    [
      ['native Gate', 'R101_A', 'passed'],
      ['native Gate', 'R101_A', 'failed'],
      ['native Gate', 'R101_A', 'skipped'],
    ],
  )
})

test('a page is stale when a proof is gone, and not where a test of it cannot run here', (t) => {
  const proofs = [passed('R1: one'), passed('R2: two')]
  const page = pageOf(allRows(declarations, proofs))
  const faultsWith = (results: TestResult[]): string[] =>
    pageFaults(page, allRows(declarations, results), results)
  t.deepEqual(faultsWith(proofs), [])
  t.true(faultsWith([passed('R1: one')]).some((line) => line.startsWith('- | R2 |')))
  t.deepEqual(faultsWith([passed('R1: one'), { ...passed('R2: two'), outcome: 'skipped' }]), [])
  t.true(faultsWith([...proofs, passed('R3: three')]).some((line) => line.startsWith('+ | R3 |')))
})

test('the goals are no missing member, equal constants, R1 to R112 proved, and ten of the others open', (t) => {
  const summary = {
    members: { total: 2, implemented: 1, absent: 1, missing: 0 },
    constants: { total: 1, equal: 1 },
    requirements: { total: 198, proved: 188, notApplicable: 0, unproved: ['R113'] },
  }
  const unproved = (names: string[]): string[] =>
    summaryFaults({ ...summary, requirements: { ...summary.requirements, unproved: names } })
  t.deepEqual(summaryFaults(summary), [])
  t.is(summaryFaults({ ...summary, members: { ...summary.members, missing: 1 } }).length, 1)
  t.is(summaryFaults({ ...summary, constants: { total: 2, equal: 1 } }).length, 1)
  t.is(unproved(['R112']).length, 1)
  t.is(unproved(Array.from({ length: 11 }, (_, index) => `R${120 + index}`)).length, 1)
})
