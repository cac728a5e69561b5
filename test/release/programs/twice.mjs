// Two copies of the package in one process: each works, and an array that one has open is locked for the other.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { take } from './take.mjs'

const load = (project) =>
  import(pathToFileURL(createRequire(join(project, 'package.json')).resolve('holdfast')))
const [first, second] = await Promise.all([load(process.argv[2]), load(process.argv[3])])
const taken = await Promise.all([take(first), take(second)])

const directory = mkdtempSync(join(tmpdir(), 'holdfast-twice-'))
const path = join(directory, 'array')
const array = await first.StorageArray.create(path)
const refused = await second.StorageArray.open(path).catch((error) => error)
await array.close()
const afterwards = await second.StorageArray.open(path)
await afterwards.close()
rmSync(directory, { recursive: true, force: true })

const { code, message } = refused
console.log(JSON.stringify({ ...taken[0], other: taken[1], refused: { code, message }, pid: process.pid }))
