/**
 * Why the addon could not be loaded, in words: what was looked for, what was found, what each attempt
 * answered, and the one command that helps. Pure, so that every failure can be tested anywhere.
 */
import { dirname } from 'node:path'
import type { ManifestAnswer } from './addon-file.ts'
import { buildCommand, installVersionCommand, quote, reinstallCommand } from './load-commands.ts'

/** A file that was tried, or the package.json that kept a package from being tried. */
export interface LoadAttempt {
  path: string
  /** What was wrong with it; absent where there is no such file. */
  answer?: string
  /** What the manifest beside it says; absent where it says nothing. */
  manifest?: ManifestAnswer
}

/** What is known when nothing loads. Plain values. */
export interface LoadFacts {
  platform: string
  arch: string
  libc: 'glibc' | 'musl'
  /** Version of the glibc that this process runs on, if it does. */
  glibcVersion: string | undefined
  nodeVersion: string
  /** The newest Node-API this Node offers. */
  nodeApiVersion: number
  /** How this Node was started: its own options, and those of NODE_OPTIONS. */
  nodeOptions: readonly string[]
  /** The version of the library that is loading. */
  version: string
  /** The folder that HOLDFAST_PREBUILD names. */
  override: string | undefined
  /** In the order in which they were tried. */
  attempts: readonly LoadAttempt[]
  /** Prebuilt binaries that lie in the package, for whatever system. */
  shipped: readonly string[]
  /** The targets whose binaries a bundle brings along. */
  bundled: readonly string[]
  /** The bundle that the library is part of. */
  bundle: string | undefined
  /** The folder of the package, with a slash at its end, where there is one. */
  installed: string | undefined
}

/** What the addon is compiled against. */
export const NEEDED_NODE_API = 8
/** As package.json has it under "engines". */
export const SUPPORTED_NODE = '^20.19.0 || ^22.12.0 || >=24'

interface Remedy {
  because: string
  command: string
}

const TOOLS = 'It needs g++ 10 or newer, make and python3.'
const UNSET = 'unset HOLDFAST_PREBUILD'

// In a folder that somebody named, nothing of the package's is to be put in order.
const reinstall = ({ override, installed }: LoadFacts): string =>
  override === undefined ? reinstallCommand(installed) : UNSET
const build = ({ override, installed }: LoadFacts): string =>
  override === undefined ? buildCommand(installed) : UNSET

/** What an answer, and what stands around it, say of the failure. */
interface Answered {
  found: RegExpExecArray
  attempt: LoadAttempt
  facts: LoadFacts
}

/** What loaders and the checks before them answer, and what to do then. The first that fits counts. */
const REMEDIES: readonly [RegExp, (answered: Answered) => Remedy][] = [
  // What the loader found out itself comes first: it cites the linker's answer to a damaged file.
  [
    /^it is damaged/,
    ({ facts }) => ({
      because: 'The file was not written in full, or was changed afterwards.',
      command: reinstall(facts),
    }),
  ],
  [
    /^it was built for /,
    ({ facts }) => ({
      because: 'node_modules was copied from another machine, or installed for another one.',
      command: reinstall(facts),
    }),
  ],
  [
    /^it is of holdfast (\S+),/,
    ({ found: [, there], attempt, facts: { version } }) => ({
      because: `The library is holdfast ${version} and the package that it found is ${there}; each has an addon of its own.`,
      command: installVersionCommand(`${dirname(attempt.path)}/`, version),
    }),
  ],
  [
    /version `?((?:GLIBC|GLIBCXX|CXXABI)_[\w.]+)'? not found/,
    ({ found: [, version], facts }) => ({
      because: `This system is older than the binary: it wants ${version}, and glibc here is ${facts.glibcVersion ?? 'unknown'}. ${TOOLS}`,
      command: build(facts),
    }),
  ],
  [
    /(lib(?:stdc\+\+|gcc_s)\.so\.\d): (?:cannot open shared object file|No such file)|Error loading shared library (lib(?:stdc\+\+|gcc_s)\.so\.\d)/,
    ({ found: [, one, other], facts: { libc } }) => ({
      because: `The addon was compiled with g++ and wants its runtime, ${one ?? other}, which this system has not.`,
      command: libc === 'musl' ? 'apk add libstdc++' : 'apt-get install -y libstdc++6',
    }),
  ],
  [
    /^Dynamic require of .*\.node/,
    () => ({
      because:
        'The bundle is an ES module and has no require() for the binary: let the bundler give its path instead.',
      command: 'esbuild --loader:.node=file',
    }),
  ],
  [
    // musl has other words for it; glibc says something else of its static TLS block, in small letters.
    /Cannot allocate memory|Out of memory|ENOMEM/,
    () => ({
      because: 'There is no memory to map the file: the limit of this process, or that of the machine.',
      command: 'ulimit -v unlimited',
    }),
  ],
  [
    /failed to map segment|Operation not permitted/,
    ({ attempt: { path } }) => ({
      because: 'The system does not let code be run from there, as from a file system mounted noexec.',
      command: `findmnt -o TARGET,OPTIONS -T ${quote(path)}`,
    }),
  ],
  [
    /EACCES|Permission denied/i,
    ({ attempt: { path }, facts: { override, installed } }) => ({
      because: 'The rights of the file, or of a folder above it, keep this user from reading it.',
      command: `chmod -R a+rX ${quote(override ?? installed ?? dirname(path))}`,
    }),
  ],
  [
    /loading addons is disabled/,
    ({ facts: { nodeOptions } }) =>
      nodeOptions.includes('--no-addons')
        ? { because: 'This process was started with --no-addons.', command: 'node --addons' }
        : {
            because: 'This process was started with --permission, and without that for addons.',
            command: 'node --allow-addons',
          },
  ],
  [
    /Error relocating .*symbol not found/,
    ({ facts }) => ({
      because: `The ${facts.libc} of this system is older than the binary, or another C library. ${TOOLS}`,
      command: build(facts),
    }),
  ],
  [
    /libc\.so\b|libc\.musl|ld-musl|ld-linux|Error loading shared library/,
    ({ attempt: { manifest }, facts }) =>
      manifest === 'same'
        ? {
            because: `The binary belongs to another C library than the ${facts.libc} of this process, and is as it was shipped: installing it again would change nothing. ${TOOLS}`,
            command: build(facts),
          }
        : {
            because: `The binary belongs to another C library than the ${facts.libc} of this process: node_modules was installed elsewhere.`,
            command: reinstall(facts),
          },
  ],
]

function remedyOf(facts: LoadFacts): Remedy {
  if (facts.platform !== 'linux') {
    return { because: 'holdfast runs on Linux only.', command: 'uname -s' }
  }
  if (facts.nodeApiVersion < NEEDED_NODE_API) {
    return {
      because: `This Node offers Node-API ${facts.nodeApiVersion}; holdfast needs ${NEEDED_NODE_API} and Node ${SUPPORTED_NODE}.`,
      command: 'npm install --global n && n lts',
    }
  }
  for (const attempt of facts.attempts) {
    if (attempt.answer === undefined) continue
    for (const [pattern, remedy] of REMEDIES) {
      const found = pattern.exec(attempt.answer)
      if (found !== null) return remedy({ found, attempt, facts })
    }
  }
  const answers = facts.attempts.map(({ answer }) => answer).filter((answer) => answer !== undefined)
  if (facts.override !== undefined && answers.length === 0) {
    return {
      because: `HOLDFAST_PREBUILD names ${facts.override}, where no binary for this system lies, and keeps all others out.`,
      command: UNSET,
    }
  }
  const nothingFound = answers.every((answer) => answer.startsWith('Cannot find module'))
  if (facts.bundle !== undefined && facts.installed === undefined && nothingFound) {
    const entry = `holdfast/linux-${facts.arch}-${facts.libc}`
    return {
      because: `The library is part of ${facts.bundle}: no package is installed there, and no binary of the bundle lies beside it (importing ${entry} first takes one along).`,
      command: reinstallCommand(undefined),
    }
  }
  const lost = facts.attempts.find(({ manifest }) => manifest === 'missing')
  if (lost !== undefined) {
    return {
      because: `The package is incomplete: ${lost.path} was shipped with it and is not there.`,
      command: reinstall(facts),
    }
  }
  if (answers.length > 0) {
    return { because: `A fresh build on this machine may do. ${TOOLS}`, command: build(facts) }
  }
  const blocked =
    'If npm was told to run no install scripts (--ignore-scripts, or a version that wants them approved), nothing was built here.'
  return {
    because: `No binary in the package is for this system. ${blocked} ${TOOLS}`,
    command: build(facts),
  }
}

/** For whoever sees the failure; the first line begins with the code, the last is the command. */
export function explainLoadFailure(facts: LoadFacts): string {
  const { because, command } = remedyOf(facts)
  const libc = facts.libc === 'glibc' ? `glibc ${facts.glibcVersion ?? 'of unknown version'}` : facts.libc
  const node = `Node ${facts.nodeVersion} with Node-API ${facts.nodeApiVersion}`
  const lines = [
    'ERR_NATIVE_NOT_LOADED: the native addon of holdfast could not be loaded.',
    `  Looked for: ${facts.platform}-${facts.arch}, ${libc}, Node-API ${NEEDED_NODE_API} (this is ${node})`,
    '  Tried:',
    ...facts.attempts.map(({ path, answer }) => `    ${path}: ${answer ?? 'no such file'}`),
    `  Shipped in the package: ${facts.shipped.length > 0 ? facts.shipped.join(', ') : 'no binary at all'}`,
    ...(facts.bundled.length > 0 ? [`  Taken into the bundle: ${facts.bundled.join(', ')}`] : []),
    `  ${because}`,
    `  What to do: ${command}`,
  ]
  return lines.join('\n')
}
