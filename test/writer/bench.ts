/**
 * A writer at the end of a hub that only passes events on: its own side, without a coordinator.
 */
import { newGuid } from '../../lib/ids.ts'
import type {
  BackupState,
  OperationEventBody,
  SnapshotSetInfo,
  WriterConnection,
  WriterReply,
} from '../../lib/writer/events.ts'
import type { Writer } from '../../lib/writer/writer.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { Faults } from '../helpers/fakes/faults.ts'
import { VirtualClock } from '../helpers/virtual-clock.ts'

export const STATE: BackupState = {
  selectComponents: false,
  backupBootableSystemState: false,
  backupType: 1,
  partialFileSupport: false,
}
export const SET: SnapshotSetInfo = { setId: newGuid(), context: 0, volumeNames: [], mountTable: [] }

export interface Bench {
  clock: VirtualClock
  faults: Faults
  writer: FakeWriter
  connection: WriterConnection
  operationId: string
  send: (event: OperationEventBody) => Promise<WriterReply>
}

export async function bench(): Promise<Bench> {
  const clock = new VirtualClock()
  const faults = new Faults(clock)
  const writer = new FakeWriter('w', faults)
  const connection = await connectionOf(writer, clock)
  const operationId = newGuid()
  const send = (event: OperationEventBody): Promise<WriterReply> =>
    connection.deliver({ ...event, operationId })
  return { clock, faults, writer, connection, operationId, send }
}

/** Subscribes the writer and gives what the hub sees of it. */
export async function connectionOf(writer: Writer, clock: VirtualClock): Promise<WriterConnection> {
  let connection: WriterConnection | undefined
  await writer.subscribe({
    clock,
    subscribeWriter: async (subscribed) => {
      connection = subscribed
      return { unsubscribe: async () => undefined }
    },
  })
  if (connection === undefined) throw new Error('the writer did not subscribe')
  return connection
}
