/**
 * IVssWriterComponents: a writer's components of the Backup Components Document (reference 3.3). What each of them
 * offers is in component.ts.
 */
import { itemAt } from '../document/wm-component.ts'
import type { Guid } from '../ids.ts'
import { Component, type ComponentScope } from './component.ts'
import type { ComponentData } from './component-data.ts'

export { Component, type ComponentScope } from './component.ts'

export class WriterComponents {
  readonly #components: Component[]
  readonly #instanceId: Guid
  readonly #writerId: Guid

  constructor(writer: { instanceId: Guid; writerId: Guid }, records: ComponentData[], scope: ComponentScope) {
    this.#instanceId = writer.instanceId
    this.#writerId = writer.writerId
    this.#components = records.map((record) => new Component(record, scope))
  }

  /** Components the requester included explicitly; those below them have no entry of their own. */
  getComponentCount(): number {
    return this.#components.length
  }

  /** The instance id is that of the time the document was written. */
  getWriterInfo(): { instanceId: Guid; writerId: Guid } {
    return { instanceId: this.#instanceId, writerId: this.#writerId }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` for an index that is not there. */
  getComponent(index: number): Component {
    return itemAt(this.#components, index, 'component')
  }

  [Symbol.iterator](): Iterator<Component> {
    return this.#components[Symbol.iterator]()
  }
}
