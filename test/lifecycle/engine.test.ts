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

test('beyond HOLDFAST_MAX_HELD_BYTES a write into a hold is refused, and nothing that was accepted is lost', async (t) => {
  const env = { HOLDFAST_MAX_HELD_BYTES: '16384' }
  const { stdout, stderr } = await runProgram('held-full.ts', [await prepareArray(t)], { env })
  t.is(stderr, '')
  t.deepEqual(JSON.parse(stdout), {
    maxHeldBytes: 16_384,
    accepted: ['done', 'done', 'done', 'done'],
    refused: ['ERR_HELD_FULL', 'ERR_HELD_FULL'],
    duringHold: 0,
    queued: 4,
    afterwards: 'done',
    pages: [1, 2, 3, 4, 0, 6],
  })
})

for (const value of ['0', '-1', '1.5', '1 GiB', '99999999999999999999']) {
  test(`HOLDFAST_MAX_HELD_BYTES=${value} is refused with a code`, async (t) => {
    const env = { HOLDFAST_MAX_HELD_BYTES: value }
    t.is((await runProgram('engine.ts', [await prepareArray(t)], { env })).stdout, 'ERR_INVALID_ARGUMENT\n')
  })
}
