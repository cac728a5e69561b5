// node scripts/native.mjs install | gyp | cmake | prebuild   [arguments for the tool]
//
//   install   what "npm install" runs: nothing where a binary of the package loads, unless a build from source is asked
//             for; else node-gyp-build, which compiles. In a checkout it is gyp: what loads there may be older than the
//             sources.
//   gyp       incremental node-gyp build into build/Release
//   cmake     incremental cmake-js build into build-cmake/build, with the native tests where GoogleTest is installed
//   prebuild  the prebuild of this machine, into prebuilds/linux-ARCH
//
// Nothing is downloaded: the headers of Node-API come from the package node-api-headers, and node-gyp finds what else it
// wants of a Node in native/headers.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const isCheckout = existsSync(join(root, 'CMakeLists.txt'))

function findNodeGyp() {
  // npm names its own copy inside "npm run"; outside, it lies in npm's folder beside the running node.
  const besideNode = resolve(
    dirname(process.execPath),
    '../lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js',
  )
  return [process.env.npm_config_node_gyp, besideNode].find((path) => path && existsSync(path))
}

function nodeGyp() {
  const found = findNodeGyp()
  if (found) return found
  console.error('node-gyp was not found: start this through npm, for example "npm run build:native"')
  process.exit(1)
}

// Resolved where it is needed: an installed package has no prebuildify.
const prebuildify = () => [
  require.resolve('prebuildify/bin.js'),
  ...['--napi', '-t', process.versions.node, '--node-gyp', nodeGyp()],
]
const outOf = (args) => (args.includes('--out') ? [] : ['--out', 'build-cmake/build'])

/** Whether the package as it lies here has a binary that loads, tried in a process of its own. */
function loads() {
  const loader = pathToFileURL(join(root, 'dist/load.js'))
  const program = `import(${JSON.stringify(loader.href)}).then(({ loadNative }) => loadNative())`
  const { HOLDFAST_PREBUILD, ...here } = process.env
  return spawnSync(process.execPath, ['-e', program], { stdio: 'ignore', env: here }).status === 0
}

// npm and pnpm hand on --build-from-source as "true", and --build-from-source=holdfast by its name.
const isFromSource = () => ['1', 'true', 'holdfast'].includes(process.env.npm_config_build_from_source)

/**
 * Compiles an installed package through node-gyp-build, which knows a node-gyp of the project and one on PATH. What it
 * would decide itself is decided: it counts any variable HOLDFAST as a binary that loads, and Alpine as the only musl.
 */
function compile() {
  env.npm_config_build_from_source = 'true'
  const found = findNodeGyp()
  // Where it looks for the package node-gyp after the project's own; without a package, nothing is left to be found.
  const folder = found && resolve(found, '../../..')
  if (found && !existsSync(join(folder, 'node-gyp/package.json'))) return [[found, 'rebuild']]
  if (found) env.NODE_PATH = [folder, process.env.NODE_PATH].filter(Boolean).join(':')
  return [[require.resolve('node-gyp-build/bin.js')]]
}

/** The last lines of a failed installation, below what the compiler had to say. */
function explainInstall() {
  let why = 'no binary in the package loads on this system'
  if (isCheckout) why = 'this is a checkout, which is always compiled'
  else if (isFromSource() || name === 'gyp') why = 'a build from source was asked for'
  console.error(`
holdfast could not be built on this machine (${process.platform}-${process.arch}, Node ${process.versions.node}).
  Why it was tried: ${why}.
  What it needs: g++ 10 or newer, make, python3, and the node-gyp of npm${findNodeGyp() ? '' : ', which was not found'}.
  What to do on Debian and Ubuntu: apt-get install -y g++ make python3
  What to do on Alpine: apk add g++ make python3 linux-headers`)
}

// Each command is a list of programs, run one after the other.
const commands = {
  install: (args) => {
    if (process.platform !== 'linux') {
      console.error(`holdfast runs on Linux only; this is ${process.platform}-${process.arch}.`)
      process.exit(1)
    }
    if (isCheckout) return commands.gyp(args)
    return !isFromSource() && loads() ? [] : compile()
  },
  gyp: (args) => [[nodeGyp(), 'configure', 'build', ...args]],
  // "cmake-js build" alone keeps the options of the first time.
  cmake: (args) =>
    ['configure', 'build'].map((step) => [
      require.resolve('cmake-js/bin/cmake-js'),
      step,
      ...outOf(args),
      ...args,
    ]),
  prebuild: (args) => [[...prebuildify(), '--strip', '--tag-libc', ...args]],
}

const [name, ...args] = process.argv.slice(2)
const command = commands[name]
if (!command) {
  console.error('usage: node scripts/native.mjs install|gyp|cmake|prebuild [arguments]')
  process.exit(2)
}
const env = {
  ...process.env,
  npm_config_jobs: process.env.npm_config_jobs ?? 'max',
  // Relative, as everything in binding.gyp: make cannot quote a path with a space in it.
  npm_config_nodedir: 'native/headers',
}
for (const argv of command(args)) {
  const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) {
    if (name === 'install' || name === 'gyp') explainInstall()
    process.exit(status ?? 1)
  }
}
