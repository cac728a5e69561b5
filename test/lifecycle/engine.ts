// node engine.ts DIRECTORY: a life in short, on whichever engine HOLDFAST_IO asks for.
import { engineInfo } from '../../lib/array/engine.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { binding, unwrap } from '../../lib/binding.ts'
import { arm, hold } from './scenes.ts'

const page = Buffer.alloc(4096, 7)
try {
  const { engine, why } = engineInfo()
  {
    await using array = await StorageArray.open(String(process.argv[2]))
    const [info] = await array.listLuns()
    await using lun = await array.openLun(String(info?.guid))
    await Promise.all(Array.from({ length: 1000 }, (_, i) => lun.write(i * 4096, page)))
    await lun.flush()
    const setId = await arm(array, lun)
    const lease = await hold(setId, lun, 100)
    await lun.write(0, Buffer.alloc(4096, 8))
    const { endedBy } = unwrap(await binding.release(lease))
    const bytes = await lun.read(0, 8192)
    console.log(engine, '|', why, '|', endedBy, bytes[0], bytes[4096])
  }
} catch (error) {
  console.log((error as { code: string }).code)
}
