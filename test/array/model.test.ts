// Random requests, many at a time, against an array of bytes. Requests under way at one time do not
// overlap, as the order of such writes is nobody's promise; what has completed must be seen by
// everything that is issued later.
import test from 'ava'
import type { Lun } from '../../lib/array/lun.ts'
import { newArray } from './array-fixture.ts'

const sectors = 512
const sectorBytes = 512

function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

async function runHistory(lun: Lun, seed: number, operations: number): Promise<string[]> {
  const random = randomNumbers(seed)
  const model = Buffer.alloc(sectors * sectorBytes)
  const busy = new Set<number>()
  const underWay = new Set<Promise<void>>()
  const wrong: string[] = []
  for (let n = 0; n < operations; n++) {
    const first = random(sectors)
    const count = 1 + random(Math.min(24, sectors - first))
    const range = Array.from({ length: count }, (_, i) => first + i)
    while (underWay.size >= 32 || range.some((sector) => busy.has(sector))) await Promise.race(underWay)
    for (const sector of range) busy.add(sector)
    const [from, to] = [first * sectorBytes, (first + count) * sectorBytes]
    const kind = random(10)
    const request = async (): Promise<void> => {
      if (kind < 5) {
        const bytes = Buffer.alloc(to - from, random(256))
        bytes.writeUInt32LE(n, 0)
        const writing = lun.write(from, bytes, { forceUnitAccess: kind === 0 })
        bytes.copy(model, from)
        bytes.fill(0)
        await writing
      } else if (kind < 9) {
        const read = await lun.read(from, to - from)
        if (!read.equals(model.subarray(from, to)))
          wrong.push(`operation ${n}: sectors ${first} to ${first + count}`)
      } else {
        await lun.flush()
      }
    }
    const done = request().finally(() => {
      for (const sector of range) busy.delete(sector)
      underWay.delete(done)
    })
    underWay.add(done)
  }
  await Promise.all(underWay)
  if (!(await lun.read(0, model.length)).equals(model)) wrong.push('the whole at the end')
  return wrong
}

test('every read sees what completed before it was issued, over random histories', async (t) => {
  const array = await newArray(t)
  for (const seed of [1, 2, 3, 4]) {
    const lun = await array.openLun(await array.createLun(sectors * sectorBytes))
    t.deepEqual(await runHistory(lun, seed, 1500), [], `seed ${seed}`)
    await lun.close()
  }
})
