/**
 * What a provider answered, looked at before the coordinator builds on it: one check for each method.
 *
 * A provider is somebody else's code, and its answer may have come over a socket. LUN information is
 * tried on a document, where it will have to stand: an answer that passes here is never in the way later,
 * when the shadow copies exist.
 */
import type { VdsLunInformation } from '../document/lun-information.ts'
import { writeLunInformation } from '../document/lun-information.ts'
import { scratchElement } from '../document/xml.ts'
import { describeThrown, describeValue } from '../errors.ts'
import { isGuid } from '../ids.ts'
import type { ProviderCalls, ProviderMethod } from './interfaces.ts'

type Arguments<M extends ProviderMethod> = Parameters<ProviderCalls[M]>
/** Throws an Error that says what is wrong. */
type Check<M extends ProviderMethod> = (answer: unknown, args: Arguments<M>) => void

/** Where it lies, for people; what lies inside is appended. */
const ANSWER = 'its answer'

const nothing = (): void => undefined

const CHECKS: { readonly [M in ProviderMethod]: Check<M> } = {
  areLunsSupported: (answer, [, , luns]) => {
    const { isSupported, luns: known } = fieldsOf(answer, ANSWER)
    checkBoolean(isSupported, `${ANSWER}.isSupported`)
    // What a provider that says no knows of the LUNs is of no interest.
    if (isSupported) checkLuns(known, `${ANSWER}.luns`, luns.length)
  },
  fillInLunInfo: (answer) => {
    const { isSupported, lun } = fieldsOf(answer, ANSWER)
    checkBoolean(isSupported, `${ANSWER}.isSupported`)
    if (isSupported) checkLun(lun, `${ANSWER}.lun`)
  },
  beginPrepareSnapshot: (answer, [, , , , luns]) => {
    const { luns: known, method } = fieldsOf(answer, ANSWER)
    checkLuns(known, `${ANSWER}.luns`, luns.length)
    if (method === undefined || method === 'differential' || method === 'plex') return
    throw new Error(`${ANSWER}.method is ${describeValue(method)}, neither 'differential' nor 'plex'`)
  },
  // Whether there is one for each source is for whoever knows the sources by name.
  getTargetLuns: (answer) => checkLuns(answer, ANSWER),
  onUnload: (answer) => checkBoolean(answer, ANSWER),
  listSnapshotSets: (answer) => checkEach(answer, ANSWER, checkDescription),
  locateLuns: nothing,
  onLunEmpty: nothing,
  resyncLuns: nothing,
  onLunStateChange: nothing,
  releaseLuns: nothing,
  endPrepareSnapshots: nothing,
  preCommitSnapshots: nothing,
  commitSnapshots: nothing,
  postCommitSnapshots: nothing,
  preFinalCommitSnapshots: nothing,
  postFinalCommitSnapshots: nothing,
  abortSnapshots: nothing,
  onLoad: nothing,
  storeSnapshotSet: nothing,
}

/** @throws Error saying what of the answer is not as the interface has it */
export function checkAnswer<M extends ProviderMethod>(method: M, answer: unknown, args: Arguments<M>): void {
  CHECKS[method](answer, args)
}

function wrong(what: string, value: unknown, expected: string): TypeError {
  return new TypeError(`${what} is ${describeValue(value)}, not ${expected}`)
}

function fieldsOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw wrong(what, value, 'an object')
  return value as Record<string, unknown>
}

function checkBoolean(value: unknown, what: string): void {
  if (typeof value !== 'boolean') throw wrong(what, value, 'true or false')
}

function checkText(value: unknown, what: string): void {
  if (typeof value !== 'string') throw wrong(what, value, 'a text')
}

function checkNumber(value: unknown, what: string): void {
  if (!Number.isFinite(value)) throw wrong(what, value, 'a number')
}

function checkGuid(value: unknown, what: string): void {
  if (typeof value !== 'string' || !isGuid(value)) throw wrong(what, value, 'a GUID')
}

function checkEach(
  value: unknown,
  what: string,
  check: (item: unknown, what: string) => void,
  count?: number,
): void {
  if (!Array.isArray(value)) throw wrong(what, value, 'a list')
  if (count !== undefined && value.length !== count) {
    throw new TypeError(`${what} has ${value.length} items, not the ${count} it was given`)
  }
  value.forEach((item: unknown, index) => {
    check(item, `${what}[${index}]`)
  })
}

function checkLuns(value: unknown, what: string, count?: number): void {
  checkEach(value, what, checkLun, count)
}

function checkLun(value: unknown, what: string): void {
  const { deviceIdDescriptor, interconnects } = fieldsOf(value, what)
  const identifiers = fieldsOf(deviceIdDescriptor, `${what}.deviceIdDescriptor`)['identifiers']
  checkEach(identifiers, `${what}.deviceIdDescriptor.identifiers`, fieldsOf)
  checkEach(interconnects, `${what}.interconnects`, fieldsOf)
  try {
    writeLunInformation(scratchElement(), value as VdsLunInformation)
  } catch (thrown) {
    throw new TypeError(`${what} cannot be: ${describeThrown(thrown)}`)
  }
}

function checkDescription(value: unknown, what: string): void {
  const { setId, context, snapshots } = fieldsOf(value, what)
  checkGuid(setId, `${what}.setId`)
  checkNumber(context, `${what}.context`)
  checkEach(snapshots, `${what}.snapshots`, checkSnapshot)
}

function checkSnapshot(value: unknown, what: string): void {
  const { properties, sourceLuns, targetLuns, extents } = fieldsOf(value, what)
  const known = fieldsOf(properties, `${what}.properties`)
  for (const name of ['snapshotId', 'snapshotSetId']) checkGuid(known[name], `${what}.properties.${name}`)
  for (const name of ['originalVolumeName', 'originatingMachine', 'serviceMachine']) {
    checkText(known[name], `${what}.properties.${name}`)
  }
  for (const name of ['snapshotsCount', 'snapshotAttributes', 'creationTimestampMillis', 'status']) {
    checkNumber(known[name], `${what}.properties.${name}`)
  }
  checkLuns(sourceLuns, `${what}.sourceLuns`)
  checkLuns(targetLuns, `${what}.targetLuns`)
  checkEach(extents, `${what}.extents`, (extent, name) => {
    const { lunIndex, offsetBytes, lengthBytes } = fieldsOf(extent, name)
    checkNumber(lunIndex, `${name}.lunIndex`)
    checkNumber(offsetBytes, `${name}.offsetBytes`)
    checkNumber(lengthBytes, `${name}.lengthBytes`)
  })
}
