// node --expose-gc collected.ts DIRECTORY: opens LUNs and the array and forgets them, with a write under way.
import { setTimeout as sleep } from 'node:timers/promises'
import { StorageArray } from '../../lib/array/storage-array.ts'

const directory = String(process.argv[2])
const collect = globalThis.gc as () => void
const warned: string[] = []
process.on('warning', (warning) => {
  if (warning.name === 'HoldfastWarning') warned.push(warning.message)
})

async function forgetAll(): Promise<void> {
  const array = await StorageArray.open(directory)
  const [info] = await array.listLuns()
  for (let i = 0; i < 10; i++) {
    const lun = await array.openLun(String(info?.guid))
    // Not awaited: the request keeps the LUN until it has ended.
    void lun.write(i * 4096, Buffer.alloc(4096, i + 1))
  }
}

await forgetAll()
for (let i = 0; i < 50 && warned.length < 11; i++) {
  await sleep(20)
  collect()
}
console.log(warned.length, 'warnings')

// Everything was closed, so this opening is a first one, and finds what was written.
await using array = await StorageArray.open(directory)
const [info] = await array.listLuns()
const lun = await array.openLun(String(info?.guid))
console.log((await lun.read(9 * 4096, 512))[0])
