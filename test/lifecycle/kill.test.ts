import test from 'ava'
import { killCampaign } from '../torture/kill/campaign.ts'

test.serial('killed 20 times at random, a process loses no flushed write and no reported set', async (t) => {
  t.timeout(280_000)
  const result = await killCampaign('persistent', 20)
  t.log(JSON.stringify(result))
  t.is(result.kills, 20)
  t.true(result.flushes > 0)
  t.true(result.setsCompared > 0)
})

test.serial('auto-release sets of a killed process are gone when the array is opened again', async (t) => {
  t.timeout(280_000)
  const result = await killCampaign('auto-release', 6)
  t.true(result.setsPromised > 0)
})
