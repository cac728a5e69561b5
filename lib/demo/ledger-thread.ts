/** Entry of the ledger's worker thread. */
import { LedgerStore } from './ledger-store.ts'
import { runLoad } from './load-loop.ts'

await runLoad(async ({ places, log, data, progress }) => {
  const store = new LedgerStore(places.run, log, data, progress)
  await store.initialize()
  return { step: () => store.commit(), settle: () => store.checkpoint() }
})
