import test from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { sceneNames } from './scenes.ts'
import { prepareArray, runProgram } from './watch.ts'

// Which scenes leave a set behind that a crash must not: none is finished, so none may be found.
async function opensWhole(directory: string): Promise<string[]> {
  await using array = await StorageArray.open(directory)
  const luns = await array.listLuns()
  const { faults } = await array.check()
  const lun = await array.openLun(String(luns[0]?.guid))
  await lun.read(0, 1 << 20)
  return [...faults, ...(luns.length === 1 ? [] : [`${luns.length} LUNs`])]
}

const expected: Record<string, { code: number | null; signal: string | null }> = {
  nothing: { code: 0, signal: null },
  exit: { code: 7, signal: null },
  throw: { code: 1, signal: null },
  kill: { code: null, signal: 'SIGKILL' },
}

for (const [ending, { code, signal }] of Object.entries(expected)) {
  test(`a process may end by "${ending}" in any scene: it ends so, and the array opens whole`, async (t) => {
    t.timeout(60_000)
    const directory = await prepareArray(t)
    for (const scene of sceneNames) {
      const ended = await runProgram('program.ts', [scene, directory, ending])
      t.like({ scene, ...ended }, { scene, code, signal, stdout: 'reached\n' }, ended.stderr)
      t.deepEqual(await opensWhole(directory), [], scene)
    }
  })
}
