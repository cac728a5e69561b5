import test from 'ava'
import { Location, splitFile } from '../../lib/backup/location.ts'
import { fails } from '../document/fails.ts'

const keyOf = (path: string): string => Location.parse(path).key
const shown = (path: string): string => Location.parse(path).path

test('a path is normal whatever separators, dots and cases it was written with', (t) => {
  for (const path of ['/srv/data', '/srv/data/', '//srv///data//', '/srv/./x/../data', '/../srv/data/.']) {
    t.is(shown(path), '/srv/data', path)
  }
  for (const path of [
    'C:\\Data\\x',
    'C:\\Data\\x\\',
    'C:/Data/x',
    'C:\\\\Data\\.\\y\\..\\x',
    '\\\\?\\C:\\Data\\x',
  ]) {
    t.is(shown(path), 'C:\\Data\\x', path)
    t.is(keyOf(path.replace('Data', 'dATA').replace('C:', 'c:')), 'c:\\data\\x', path)
  }
  t.is(shown('/'), '/')
  t.is(shown('C:'), 'C:\\')
  t.is(shown('\\\\?\\UNC\\Server\\Share\\x'), '\\\\Server\\Share\\x')
  t.is(
    shown('\\\\?\\Volume{C7463aba-f40d-11e9-80c7-806e6f6e6963}\\Boot\\'),
    '\\\\?\\Volume{C7463aba-f40d-11e9-80c7-806e6f6e6963}\\Boot',
  )
  t.is(
    shown('\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy7\\a'),
    '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy7\\a',
  )
})

test('cases and backslashes count on Linux and do not on Windows', (t) => {
  t.not(keyOf('/Srv'), keyOf('/srv'))
  t.is(keyOf('D:\\SRV'), keyOf('d:\\srv'))
  t.is(shown('/a\\b/c'), '/a\\b/c')
  t.deepEqual(Location.parse('/a\\b/c').parts, ['a\\b', 'c'])
})

test('a directory is below another at a separator only, and never across the two worlds', (t) => {
  const isBelow = (path: string, other: string): boolean =>
    Location.parse(path).isAtOrBelow(Location.parse(other))
  t.true(isBelow('/a/b', '/a'))
  t.true(isBelow('/a', '/a/'))
  t.true(isBelow('/a', '/'))
  t.false(isBelow('/ab', '/a'))
  t.true(isBelow('C:\\A\\b', 'c:\\'))
  t.false(isBelow('C:\\a', '/'))
  t.false(isBelow('\\a', '/'))
  t.false(isBelow('D:\\a', 'C:\\'))
})

test('relative paths are refused, and a root is no file', (t) => {
  fails(
    t,
    'E_INVALIDARG',
    () => Location.parse(''),
    () => Location.parse('data'),
    () => Location.parse('C:data'),
    () => Location.parse('\\\\server'),
    () => Location.parse('./x'),
    () => splitFile('/'),
    () => splitFile('C:\\'),
  )
  t.is(splitFile('C:\\a\\b.txt').name, 'b.txt')
  t.is(splitFile('/x').directory.path, '/')
})
