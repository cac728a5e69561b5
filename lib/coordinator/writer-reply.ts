/**
 * What a writer answered, looked at before anything of it is believed.
 *
 * A writer is somebody else's code, and its reply may have come over a socket. Whatever of it could not
 * stand in the Backup Components Document is found here, where it is still the failure of one writer; later,
 * when the shadow copies exist, it would be in the way of everybody.
 */
import { checkEdits } from '../document/component-edits.ts'
import { VSS_WRITER_STATE } from '../enums.ts'
import { describeThrown, describeValue, isVssCode } from '../errors.ts'
import type { ComponentData } from '../writer/component-data.ts'

const STATES: readonly unknown[] = Object.values(VSS_WRITER_STATE)

/** What is wrong with a reply, for people; undefined for one that may be used. */
export function replyProblem(reply: unknown): string | undefined {
  if (typeof reply !== 'object' || reply === null) return 'its reply is no object'
  const { state, failure, fatal, message, applicationHresult, components } = reply as Record<string, unknown>
  if (!STATES.includes(state)) return `its reply has the state ${describeValue(state)}`
  if (typeof failure !== 'string' || !isVssCode(failure)) {
    return `its reply has the failure ${describeValue(failure)}`
  }
  if (typeof fatal !== 'boolean') return 'its reply does not say whether it is fatal'
  if (message !== undefined && typeof message !== 'string') return 'its reply has a message that is no text'
  if (applicationHresult !== undefined && !Number.isInteger(applicationHresult)) {
    return `its reply has the application's code ${describeValue(applicationHresult)}`
  }
  if (components === undefined) return undefined
  if (!Array.isArray(components)) return 'its reply has components that are no list'
  for (const component of components) {
    try {
      checkComponent(component)
    } catch (thrown) {
      return `its reply has a component that cannot be: ${describeThrown(thrown)}`
    }
  }
  return undefined
}

function checkComponent(component: ComponentData | null): void {
  if (typeof component !== 'object' || component === null) throw new TypeError('it is no object')
  const { logicalPath, componentName, differencedFiles, partialFiles } = component
  if (typeof logicalPath !== 'string' || typeof componentName !== 'string')
    throw new TypeError('it has no name')
  if (!Array.isArray(differencedFiles) || !Array.isArray(partialFiles)) {
    throw new TypeError('its files are no list')
  }
  checkEdits(component)
}
