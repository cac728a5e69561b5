import test from 'ava'
import { prepareArray, runProgram } from './watch.ts'

const life = async (directory: string, engine: string): Promise<string> =>
  (await runProgram('engine.ts', [directory], { env: { HOLDFAST_IO: engine } })).stdout

test('HOLDFAST_IO=threads does everything over the thread pool, limits of holds included', async (t) => {
  t.is(await life(await prepareArray(t), 'threads'), 'threads | asked for | deadline 8 7\n')
})

test('without HOLDFAST_IO the engine is io_uring, or says why it is not', async (t) => {
  t.regex(
    await life(await prepareArray(t), ''),
    /^(io_uring \| the default|threads \| .+refused.*) \| deadline 8 7\n$/,
  )
})

test('an engine that does not exist is refused with a code', async (t) => {
  t.is(await life(await prepareArray(t), 'aio'), 'ERR_INVALID_ARGUMENT\n')
})
