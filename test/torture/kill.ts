/** npm run torture -- kill [--count N]    kill -9 at random moments, N times for each kind of set (200) */
import { parseArgs } from 'node:util'
import { killCampaign } from './kill/campaign.ts'

const { values } = parseArgs({ options: { count: { type: 'string', default: '200' } } })
for (const kind of ['persistent', 'auto-release'] as const) {
  const result = await killCampaign(kind, Number(values.count), (kills) => {
    if (kills % 10 === 0) console.log(`${kind}: ${kills} kills`)
  })
  console.log(JSON.stringify({ kind, ...result }))
}
