// A class without one of the four abstract handlers: TypeScript refuses it, JavaScript is told at registration.
import test from 'ava'
import { newGuid } from '../../lib/ids.ts'
import { Writer, type WriterOptions } from '../../lib/writer/writer.ts'
import { World } from '../helpers/fakes/world.ts'

const OPTIONS: WriterOptions = { writerId: newGuid(), writerName: 'w', usageType: 3, sourceType: 2 }
const done = (): void => undefined

// The type checker reports a directive below that no error follows, so each of these errors is proved by `tsc`.

// @ts-expect-error no onPrepareSnapshot
class WithoutPrepareSnapshot extends Writer {
  onFreeze = done
  onThaw = done
  onAbort = done
}

// @ts-expect-error no onFreeze
class WithoutFreeze extends Writer {
  onPrepareSnapshot = done
  onThaw = done
  onAbort = done
}

// @ts-expect-error no onThaw
class WithoutThaw extends Writer {
  onPrepareSnapshot = done
  onFreeze = done
  onAbort = done
}

// @ts-expect-error no onAbort
class WithoutAbort extends Writer {
  onPrepareSnapshot = done
  onFreeze = done
  onThaw = done
}

for (const [Incomplete, handler] of [
  [WithoutPrepareSnapshot, 'onPrepareSnapshot'],
  [WithoutFreeze, 'onFreeze'],
  [WithoutThaw, 'onThaw'],
  [WithoutAbort, 'onAbort'],
] as const) {
  test(`R56: a class without ${handler} does not compile, and cannot be subscribed if it runs all the same`, async (t) => {
    await t.throwsAsync(new Incomplete(OPTIONS).subscribe(new World().coordinator), {
      instanceOf: TypeError,
      message: `writer 'w' must implement ${handler}`,
    })
  })
}
