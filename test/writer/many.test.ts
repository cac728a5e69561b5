// Many writers, many instances, many backups: what one coordinator and one writer carry at a time.
import test from 'ava'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

async function worldOf(...names: string[]): Promise<World> {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  for (const name of names) await world.addWriter(new FakeWriter(name, world.faults))
  return world
}

test.serial('forty writers wait for one signal without a warning of Node', async (t) => {
  const warnings: string[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', onWarning)
  const world = await worldOf(...Array.from({ length: 40 }, (_, index) => `w${index}`))
  await world.completeBackup()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', onWarning)
  t.deepEqual(warnings, [])
  t.true(world.writers.every((writer) => writer.events.at(-1) === 'onBackupShutdown'))
})
