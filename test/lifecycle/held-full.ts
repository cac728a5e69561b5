// node held-full.ts DIRECTORY: writes into a hold until no more may wait, and what goes on meanwhile and afterwards.
import { engineInfo } from '../../lib/array/engine.ts'
import { binding, unwrap } from '../../lib/binding.ts'
import { arm, hold, openOnly } from './scenes.ts'

const page = (value: number): Buffer => Buffer.alloc(4096, value)
const codeOf = (write: Promise<void>): Promise<string> =>
  write.then(
    () => 'done',
    (error: unknown) => (error as { code: string }).code,
  )

const { array, lun } = await openOnly(String(process.argv[2]))
const setId = await arm(array, lun)
const lease = await hold(setId, lun)
const writes = Array.from({ length: 6 }, (_, i) => codeOf(lun.write(i * 4096, page(i + 1))))
const refused = await Promise.all(writes.slice(4))
const [duringHold] = await lun.read(0, 512)
await lun.flush()
const verdict = unwrap(await binding.release(lease))
const accepted = await Promise.all(writes.slice(0, 4))
const afterwards = await codeOf(lun.write(5 * 4096, page(6)))
const bytes = await lun.read(0, 6 * 4096)
console.log(
  JSON.stringify({
    maxHeldBytes: engineInfo().maxHeldBytes,
    accepted,
    refused,
    duringHold,
    queued: verdict.luns[0]?.queuedWriteCount,
    afterwards,
    pages: Array.from({ length: 6 }, (_, i) => bytes[i * 4096]),
  }),
)
await array.close()
