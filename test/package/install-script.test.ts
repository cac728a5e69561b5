// What "npm install" runs, in a package with a loader that says what the test wants and a node-gyp that only notes
// how it was started.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'

const root = fileURLToPath(new URL('../..', import.meta.url))
const npmsOwn = 'npm/node_modules/node-gyp/bin/node-gyp.js'

interface Conditions {
  /** What the loader of the package does. */
  loader?: string
  /** Where node-gyp lies. */
  nodeGyp?: string
  exitCode?: number
  env?: NodeJS.ProcessEnv
  /** Run before the script. */
  before?: string
}

interface Outcome {
  status: number | null
  stderr: string
  /** How node-gyp was started; absent if it was not. */
  started?: string[]
}

const loading = 'export const loadNative = () => ({})'
const failing = "export const loadNative = () => { throw new Error('no') }"

function install(t: ExecutionContext, conditions: Conditions): Outcome {
  const { loader = failing, nodeGyp = npmsOwn, exitCode = 0, env = {}, before = '' } = conditions
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-install-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const own = 'project/node_modules/holdfast'
  const note = join(folder, 'started')
  for (const path of ['package.json', 'scripts/native.mjs']) cpSync(join(root, path), join(folder, own, path))
  const builder = 'node_modules/node-gyp-build'
  cpSync(join(root, builder), join(folder, 'project', builder), { recursive: true })
  write(`${own}/dist/load.js`, loader)
  write('before.cjs', before)
  write(
    nodeGyp,
    `require('node:fs').writeFileSync(${JSON.stringify(note)}, JSON.stringify(process.argv.slice(1)))
     process.exit(${exitCode})`,
  )
  write('npm/node_modules/node-gyp/package.json', '{ "name": "node-gyp", "bin": "./bin/node-gyp.js" }')
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|HOLDFAST|NODE_)/i.test(name))
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--require', join(folder, 'before.cjs'), join(folder, own, 'scripts/native.mjs'), 'install'],
    {
      cwd: join(folder, own),
      env: { ...Object.fromEntries(inherited), npm_config_node_gyp: join(folder, nodeGyp), ...env },
      encoding: 'utf8',
    },
  )
  if (!existsSync(note)) return { status, stderr }
  const started = (JSON.parse(readFileSync(note, 'utf8')) as string[]).map((arg) =>
    arg.replace(`${folder}/`, ''),
  )
  return { status, stderr, started }
}

const built = { status: 0, started: [npmsOwn, 'rebuild'] }

test('a package whose binary loads is left alone, and one whose binary does not is built by the node-gyp of npm', (t) => {
  t.deepEqual(install(t, { loader: loading }), { status: 0, stderr: '' })
  t.like(install(t, { loader: failing }), built)
})

test('no variable of the environment decides whether the binary loads', (t) => {
  for (const name of ['HOLDFAST', 'PREBUILDS_ONLY', 'LIBC', 'HOLDFAST_PREBUILD'])
    t.like(install(t, { env: { [name]: '1' } }), built, name)
  const loader =
    "export const loadNative = () => { if (process.env.HOLDFAST_PREBUILD) throw new Error('elsewhere') }"
  t.is(install(t, { loader, env: { HOLDFAST_PREBUILD: '/nonexistent' } }).started, undefined)
})

for (const value of ['1', 'true', 'holdfast']) {
  test(`npm_config_build_from_source=${value} builds a package whose binary loads`, (t) => {
    t.like(install(t, { loader: loading, env: { npm_config_build_from_source: value } }), built)
  })
}

test('npm_config_build_from_source of another package, or set to nothing, builds nothing', (t) => {
  for (const value of ['false', '', '0', 'sqlite3'])
    t.is(install(t, { loader: loading, env: { npm_config_build_from_source: value } }).started, undefined)
})

test('a node-gyp that lies in no package is started as npm names it', (t) => {
  t.like(install(t, { nodeGyp: 'tools/gyp.js' }), { status: 0, started: ['tools/gyp.js', 'rebuild'] })
})

test('a build that fails ends with what it needs and fails the installation', (t) => {
  const { status, stderr } = install(t, { exitCode: 1 })
  t.is(status, 1)
  t.regex(stderr, /no binary in the package loads on this system/)
  t.regex(stderr, /apk add g\+\+ make python3 linux-headers\n$/)
  const asked = install(t, { exitCode: 1, loader: loading, env: { npm_config_build_from_source: '1' } })
  t.regex(asked.stderr, /a build from source was asked for/)
})

test('on another system than Linux nothing is tried, and the first line says why', (t) => {
  const before = "Object.defineProperty(process, 'platform', { value: 'darwin' })"
  const { status, stderr, started } = install(t, { before })
  t.is(status, 1)
  t.is(started, undefined)
  t.regex(stderr, /^holdfast runs on Linux only; this is darwin-/)
})
