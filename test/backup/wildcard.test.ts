import { fc, testProp } from '@fast-check/ava'
import test from 'ava'
import { Location } from '../../lib/backup/location.ts'
import { Filespec } from '../../lib/backup/wildcard.ts'

const posix = Location.parse('/data')
const windows = Location.parse('C:\\data')

const matches = (filespec: string, name: string, directory: Location = posix): boolean =>
  new Filespec(filespec, directory).matches(directory.fold(name))

test('a star is any characters or none, a question mark is one, and *.* is every name', (t) => {
  t.true(matches('*', ''))
  t.true(matches('a*c', 'ac'))
  t.true(matches('a*c', 'abcabc'))
  t.false(matches('a*c', 'abd'))
  t.true(matches('Perfc???.dat', 'Perfc009.dat'))
  t.false(matches('Perfc???.dat', 'Perfc09.dat'))
  t.true(matches('?', '𝄞'))
  t.true(matches('?x', '𝄞x'))
  t.false(matches('??', '𝄞'))
  t.true(matches('*.*', 'Makefile'))
  t.false(matches('*.txt', 'Makefile'))
  t.true(matches('a[b]+(c).x', 'a[b]+(c).x'))
  t.false(matches('a.c', 'abc'))
})

test('cases are told apart on Linux and not on Windows', (t) => {
  t.false(matches('*.LOG', 'x.log'))
  t.true(matches('*.LOG', 'x.Log', windows))
  t.true(matches('Books.DB', 'bOOKS.db', windows))
})

const alphabet = fc.constantFrom('a', 'b', '.', '*', '?', '𝄞', '\n')
const text = fc.array(alphabet, { maxLength: 10 }).map((parts) => parts.join(''))

testProp(
  'a specification matches exactly what the regular expression of the same meaning does',
  [text, text.map((name) => name.replace(/[*?]/g, 'c'))],
  (t, filespec, name) => {
    fc.pre(filespec !== '*.*')
    const expression = filespec.replaceAll('.', '\\.').replaceAll('*', '[^]*').replaceAll('?', '[^]')
    t.is(matches(filespec, name), new RegExp(`^${expression}$`, 'u').test(name), `${filespec} ${name}`)
  },
  { numRuns: 2000 },
)

test('a pattern made to be slow is not', (t) => {
  const start = performance.now()
  t.false(matches(`${'*a'.repeat(60)}b`, 'a'.repeat(255)))
  t.true(performance.now() - start < 500)
})
