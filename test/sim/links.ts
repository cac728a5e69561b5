/**
 * The lines between the coordinator and the parties, which can be cut, and whose ends can die.
 *
 * A cut line rejects everything from then on, while the party at its end lives on and is judged like any other: a
 * writer has to come free by itself. A party that died is judged by nobody.
 */
import type { ProviderConnection } from '../../lib/provider/connection.ts'
import type { ProviderMethod } from '../../lib/provider/interfaces.ts'
import type { WriterConnection, WriterEvent, WriterReply } from '../../lib/writer/events.ts'
import type { Between } from '../helpers/fakes/world.ts'

/** `cut` before the message is taken, `cutAfter` before its answer is given; `crash` is the end of the party. */
export type LinkFault = 'cut' | 'cutAfter' | 'crash'

export class Link {
  readonly name: string
  /** The message at which it happens: an event's or a method's name. */
  fault: { at: string; kind: LinkFault } | undefined
  isCut = false
  isDead = false
  /** What was tried after the line had been cut. */
  readonly undelivered: string[] = []

  constructor(name: string) {
    this.name = name
  }

  /** Carries one message, unless the line is cut or is cut by it. */
  async carry<T>(message: string, deliver: () => Promise<T>): Promise<T> {
    const fault = this.fault?.at === message ? this.fault : undefined
    if (fault !== undefined && fault.kind !== 'cutAfter') this.#cut(fault.kind)
    if (this.isCut) {
      this.undelivered.push(message)
      throw new Error(`the line to ${this.name} is cut`)
    }
    if (fault === undefined) return deliver()
    await deliver().catch(() => undefined)
    this.#cut(fault.kind)
    throw new Error(`the line to ${this.name} was cut before the answer to ${message}`)
  }

  /** The party is there again, as it would be after a reconnection or a restart. */
  restore(): void {
    this.fault = undefined
    this.isCut = false
    this.isDead = false
  }

  #cut(kind: LinkFault): void {
    this.isCut = true
    this.isDead ||= kind === 'crash'
  }
}

export function linkedWriter(connection: WriterConnection, link: Link): WriterConnection {
  return {
    identity: connection.identity,
    deliver: (event: WriterEvent): Promise<WriterReply> =>
      link.carry(event.type, () => connection.deliver(event)),
  }
}

export function linkedProvider(connection: ProviderConnection, link: Link): ProviderConnection {
  return {
    methods: connection.methods,
    call: (method: ProviderMethod, args: readonly unknown[]): Promise<unknown> =>
      link.carry(method, () => connection.call(method, args)),
    close: () => connection.close(),
  }
}

/** A world's lines as links, and a planted bug between them and the coordinator. */
export function intercepting(linkOf: (name: string) => Link, planted: Between = {}): Between {
  return {
    ...planted,
    writer: (connection) => {
      const linked = linkedWriter(connection, linkOf(connection.identity.writerName))
      return planted.writer?.(linked) ?? linked
    },
    provider: (connection, name) => {
      const linked = linkedProvider(connection, linkOf(name))
      return planted.provider?.(linked, name) ?? linked
    },
  }
}
