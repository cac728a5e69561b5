/**
 * Kills a process that uses an array, at random moments, again and again, and compares what is there afterwards with
 * what the process had been promised.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StorageArray } from '../../../lib/index.ts'
import { lunBytes, pageBytes, sectorNumbers, sha256 } from './life.ts'

export interface CampaignResult {
  kills: number
  flushes: number
  setsPromised: number
  setsCompared: number
}

interface Fact {
  alive?: boolean
  flushed?: [number, number, number][]
  set?: string
  copies?: [string, string][]
  deleting?: string
}

interface Promised {
  /** By LUN and page: the lowest number that may be found. */
  floors: Map<string, number>
  sets: Map<string, [string, string][]>
  ending: Set<string>
  highest: number
}

/** Starts a life, lets it run for a while, kills it, and gives what it said. */
async function oneLife(directory: string, kind: string, firstNumber: number): Promise<Fact[]> {
  const loader = 'typescript' in process.features && process.features.typescript ? [] : ['--import=tsx']
  const program = fileURLToPath(new URL('./life.ts', import.meta.url))
  const child = spawn(process.execPath, [...loader, program, directory, kind, String(firstNumber)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  let killAt: NodeJS.Timeout | undefined
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    text += chunk
    // The clock runs from the first sign of life, or slow starts would never be killed at work.
    killAt ??= setTimeout(() => child.kill('SIGKILL'), 5 + Math.random() * 400)
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...end) => resolve(end as [number | null, string | null]))
  })
  clearTimeout(killAt)
  if (signal !== 'SIGKILL') throw new Error(`the life ended by itself with ${code ?? signal}`)
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Fact)
}

function remember(promised: Promised, facts: readonly Fact[]): void {
  for (const fact of facts) {
    for (const [lun, page, number] of fact.flushed ?? []) {
      promised.floors.set(`${lun} ${page}`, number)
      promised.highest = Math.max(promised.highest, number)
    }
    if (fact.set !== undefined) promised.sets.set(fact.set, fact.copies ?? [])
    if (fact.deleting !== undefined) promised.ending.add(fact.deleting)
  }
}

async function comparePages(array: StorageArray, promised: Promised): Promise<void> {
  const originals = (await array.listLuns()).filter(({ snapshotId }) => snapshotId === null)
  const guids = originals.map(({ guid }) => guid).sort()
  for (const [index, guid] of guids.entries()) {
    const lun = await array.openLun(guid)
    const bytes = await lun.read(0, lunBytes)
    await lun.close()
    for (let page = 0; page < lunBytes / pageBytes; page++) {
      const floor = promised.floors.get(`${index} ${page}`) ?? 0
      for (const number of sectorNumbers(page, bytes.subarray(page * pageBytes, (page + 1) * pageBytes))) {
        if (number === undefined) throw new Error(`LUN ${index} page ${page}: a sector is torn`)
        if (number < floor)
          throw new Error(`LUN ${index} page ${page}: holds ${number}, flushed was ${floor}`)
        promised.highest = Math.max(promised.highest, number)
      }
    }
  }
}

async function compareSets(array: StorageArray, promised: Promised, autoRelease: boolean): Promise<number> {
  const sets = await array.listSets()
  if (autoRelease && sets.length > 0)
    throw new Error(`${sets.length} auto-release sets outlived their process`)
  for (const set of sets) {
    if (set.copies.length !== set.copiesAtCreation) throw new Error(`set ${set.setId} is there in part`)
    if (!set.created) throw new Error(`set ${set.setId} was never created and is there`)
  }
  const present = new Set(sets.map(({ setId }) => setId as string))
  let compared = 0
  for (const [setId, copies] of promised.sets) {
    if (promised.ending.has(setId) || autoRelease) {
      if (!present.has(setId)) promised.sets.delete(setId)
      continue
    }
    if (!present.has(setId)) throw new Error(`set ${setId} was promised and is gone`)
    for (const [guid, sum] of copies) {
      const copy = await array.openLun(guid)
      if ((await sha256(copy)) !== sum) throw new Error(`copy ${guid} of set ${setId} has changed`)
      await copy.close()
    }
    compared++
  }
  return compared
}

/** @throws Error on the first promise that was broken */
export async function killCampaign(
  kind: 'persistent' | 'auto-release',
  count: number,
  onKill: (kills: number) => void = () => undefined,
): Promise<CampaignResult> {
  const parent = await mkdtemp(join(tmpdir(), 'holdfast-kill-'))
  const directory = join(parent, 'array')
  const result: CampaignResult = { kills: 0, flushes: 0, setsPromised: 0, setsCompared: 0 }
  const promised: Promised = { floors: new Map(), sets: new Map(), ending: new Set(), highest: 0 }
  try {
    const made = await StorageArray.create(directory)
    for (let i = 0; i < 2; i++) await made.createLun(lunBytes)
    await made.close()
    for (; result.kills < count; result.kills++) {
      const facts = await oneLife(directory, kind, promised.highest + 1000)
      remember(promised, facts)
      result.flushes += facts.filter(({ flushed }) => flushed !== undefined).length
      result.setsPromised += facts.filter(({ set }) => set !== undefined).length
      const array = await StorageArray.open(directory)
      await comparePages(array, promised)
      result.setsCompared += await compareSets(array, promised, kind === 'auto-release')
      const { faults } = await array.check()
      if (faults[0] !== undefined) throw new Error(faults[0])
      await array.close()
      onKill(result.kills + 1)
    }
    return result
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
}
