/** Entry of the bystander's worker thread. */
import {
  BYSTANDER_OFFSET_BYTES,
  BYSTANDER_RECORD_BYTES,
  encodeBystanderRecord,
  placeOf,
} from './bystander-format.ts'
import { runLoad } from './load-loop.ts'

await runLoad(async ({ places, data, log, progress }) => {
  const volumes = [data, log] as const
  let number = 0
  let previousCrc = 0
  return {
    step: async () => {
      const { block, crc } = encodeBystanderRecord(places.run, number + 1, previousCrc)
      const { volume, slot } = placeOf(number + 1)
      progress.issued(number + 1)
      await volumes[volume].write(BYSTANDER_OFFSET_BYTES + slot * BYSTANDER_RECORD_BYTES, block)
      number += 1
      previousCrc = crc
      progress.acknowledged(number)
    },
    settle: async () => number,
  }
})
