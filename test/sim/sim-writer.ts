/**
 * A writer that knows more about itself than a test writer does: how long it was frozen, and what went wrong in its
 * handlers, by which its status is judged.
 */
import type { VSS_APPLICATION_LEVEL } from '../../lib/enums.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import type { World } from '../helpers/fakes/world.ts'
import type { Link } from './links.ts'

export class SimWriter extends FakeWriter {
  readonly link: Link
  longestFreezeMillis = 0
  readonly #clock: World['clock']
  #frozenAtMillis: number | undefined

  constructor(world: World, link: Link, level: VSS_APPLICATION_LEVEL, freezeTimeoutMillis: number) {
    super(link.name, world.faults, { level, freezeTimeoutMillis, trace: world.trace })
    this.link = link
    this.#clock = world.clock
  }

  override onFreeze(): Promise<boolean | undefined> {
    this.#frozenAtMillis = this.#clock.nowMillis()
    return super.onFreeze()
  }

  override onThaw(): Promise<boolean | undefined> {
    this.#close()
    return super.onThaw()
  }

  override onAbort(): Promise<boolean | undefined> {
    this.#close()
    return super.onAbort()
  }

  #close(): void {
    if (this.#frozenAtMillis === undefined) return
    const frozenMillis = this.#clock.nowMillis() - this.#frozenAtMillis
    this.longestFreezeMillis = Math.max(this.longestFreezeMillis, frozenMillis)
    this.#frozenAtMillis = undefined
  }
}
