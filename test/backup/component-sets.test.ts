import { fc, testProp } from '@fast-check/ava'
import test from 'ava'
import { componentSets, fullPathOf, selectComponents } from '../../lib/backup/component-sets.ts'
import { fails } from '../document/fails.ts'
import { metadataOf, splitName, type TestComponent } from './documents.ts'

const namesOf = (components: readonly { logicalPath: string | null; componentName: string }[]): string[] =>
  components.map(fullPathOf)

/** The tree that the documentation of VSS explains its rules with. */
const tree = metadataOf({
  components: [
    { name: 'Executables', selectable: false },
    { name: 'Executables\\ConfigFiles', selectable: false },
    { name: 'LicenseInfo', selectable: true },
    { name: 'Security', selectable: true },
    { name: 'Security\\UserInfo', selectable: false },
    { name: 'Security\\Certificates', selectable: true },
    { name: 'writerData\\Set1', selectable: true },
    { name: 'writerData\\Set1\\Jan', selectable: true },
    { name: 'writerData\\Set1\\Jan\\Dates', selectable: false },
    { name: 'writerData\\Set1x', selectable: true },
  ],
})

test('R124: required components are explicit, what lies below a chosen one is implicit, the rest is left', (t) => {
  const all = selectComponents(tree)
  t.deepEqual(namesOf(all.explicit), [
    ...['Executables', 'Executables\\ConfigFiles', 'LicenseInfo', 'Security'],
    ...['writerData\\Set1', 'writerData\\Set1x'],
  ])
  t.deepEqual(namesOf(all.implicit), [
    ...[
      'Security\\UserInfo',
      'Security\\Certificates',
      'writerData\\Set1\\Jan',
      'writerData\\Set1\\Jan\\Dates',
    ],
  ])
  t.deepEqual(all.left, [])

  const asked: string[] = []
  const some = selectComponents(tree, (component) => {
    asked.push(fullPathOf(component))
    return ['Security\\Certificates', 'writerData\\Set1'].includes(fullPathOf(component))
  })
  t.deepEqual(namesOf(some.explicit), [
    ...['Executables', 'Executables\\ConfigFiles', 'Security\\Certificates', 'writerData\\Set1'],
  ])
  t.deepEqual(namesOf(some.implicit), ['writerData\\Set1\\Jan', 'writerData\\Set1\\Jan\\Dates'])
  // Not selectable below a selectable one: never on its own.
  t.deepEqual(namesOf(some.left), ['LicenseInfo', 'Security', 'Security\\UserInfo', 'writerData\\Set1x'])
  t.false(asked.includes('writerData\\Set1\\Jan'))
  t.false(asked.includes('Executables'))
})

test('a set is its defining component and everything below it that no nearer one defines', (t) => {
  const sets = componentSets(tree, ['Executables', 'writerData\\Set1', 'Security'].map(splitName))
  t.deepEqual(
    sets.map(({ members }) => namesOf(members)),
    [
      // Only a selectable component brings others along.
      ['Executables'],
      ['writerData\\Set1', 'writerData\\Set1\\Jan', 'writerData\\Set1\\Jan\\Dates'],
      ['Security', 'Security\\UserInfo', 'Security\\Certificates'],
    ],
  )
  const nested = componentSets(tree, ['writerData\\Set1', 'writerData\\Set1\\Jan'].map(splitName))
  t.deepEqual(
    nested.map(({ members }) => namesOf(members)),
    [['writerData\\Set1'], ['writerData\\Set1\\Jan', 'writerData\\Set1\\Jan\\Dates']],
  )
})

test('an included component that the metadata does not have is refused by name', (t) => {
  fails(t, 'VSS_E_OBJECT_NOT_FOUND', () => componentSets(tree, [splitName('Security\\Gone')]))
})

const segment = fc.constantFrom('a', 'b', 'ab')
const components: fc.Arbitrary<TestComponent[]> = fc.uniqueArray(
  fc.record({
    name: fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('\\')),
    selectable: fc.boolean(),
  }),
  { selector: ({ name }) => name, maxLength: 12 },
)

testProp(
  'R124: whatever the tree and the choice, each component has the fate of the rules and sets cover the same files',
  [components, fc.func(fc.boolean())],
  (t, tested, choose) => {
    const metadata = metadataOf({ components: tested })
    const wanted = (name: string): boolean => choose(name)
    const { explicit, implicit, left } = selectComponents(metadata, (component) =>
      wanted(fullPathOf(component)),
    )
    const [chosen, along] = [new Set(namesOf(explicit)), new Set(namesOf(implicit))]
    t.is(explicit.length + implicit.length + left.length, tested.length)
    for (const { name, selectable } of tested) {
      const above = tested.filter((other) => other.selectable && name.startsWith(`${other.name}\\`))
      const comesAlong = above.some((other) => chosen.has(other.name))
      const isRequired = !selectable && above.length === 0
      t.is(along.has(name), comesAlong, `${name} along`)
      t.is(chosen.has(name), !comesAlong && (isRequired || (selectable === true && wanted(name))), name)
    }
    const covered = componentSets(metadata, explicit).flatMap(({ members }) => namesOf(members))
    t.deepEqual(covered.sort(), [...chosen, ...along].sort())
  },
)
