// node scripts/native.mjs install | gyp | cmake | prebuild | release   [arguments for the tool]
//
//   install   what "npm install" runs: nothing where a binary of the package loads, else node-gyp-build, which compiles.
//             In a checkout it is gyp: what loads there may be older than the sources.
//   gyp       incremental node-gyp build into build/Release
//   cmake     incremental cmake-js build into build-cmake/build, with the native tests where GoogleTest is installed
//   prebuild  the prebuild of this machine, into prebuilds/linux-ARCH
//   release   one of the prebuilds of a release, with the compilers that scripts/prebuilds.mjs names
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

function nodeGyp() {
  // npm names its own copy inside "npm run"; outside, it lies in npm's folder beside the running node.
  const besideNode = resolve(
    dirname(process.execPath),
    '../lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js',
  )
  const found = [process.env.npm_config_node_gyp, besideNode].find((path) => path && existsSync(path))
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
  return spawnSync(process.execPath, ['-e', program], { stdio: 'ignore' }).status === 0
}

/** The last lines of a failed installation, below what the compiler had to say. */
function explainInstall() {
  const why =
    isFromSource() || name === 'gyp'
      ? 'a build from source was asked for'
      : 'no binary in the package loads on this system'
  console.error(`
holdfast could not be built on this machine (${process.platform}-${process.arch}, Node ${process.versions.node}).
  Why it was tried: ${why}.
  What it needs: g++ (10 or newer), make and python3.
  What to do on Debian and Ubuntu: apt-get install -y g++ make python3
  What to do on Alpine: apk add g++ make python3 linux-headers`)
}

const isFromSource = () => process.env.npm_config_build_from_source === 'true'

// Each command is a list of programs, run one after the other.
const commands = {
  install: (args) => {
    if (existsSync(join(root, 'CMakeLists.txt'))) return commands.gyp(args)
    return !isFromSource() && loads() ? [] : [[require.resolve('node-gyp-build/bin.js'), ...args]]
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
  release: (args) => [[...prebuildify(), ...args]],
}

const [name, ...args] = process.argv.slice(2)
const command = commands[name]
if (!command) {
  console.error('usage: node scripts/native.mjs install|gyp|cmake|prebuild|release [arguments]')
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
