/**
 * Why the addon could not be loaded, in words: what was looked for, what was found, what each attempt
 * answered, and the one command that helps. Pure, so that every failure can be tested anywhere.
 */

/** A file that was tried. */
export interface LoadAttempt {
  path: string
  /** What was wrong with it; absent where there is no such file. */
  answer?: string
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

interface Remedy {
  because: string
  command: string
}

const INSTALL = 'npm install holdfast'
// Not "npm rebuild": where install scripts are blocked it does nothing and says that it has.
const BUILD = 'npm explore holdfast -- node scripts/native.mjs gyp'
const TOOLS = 'It needs g++, make and python3.'

/** The command that puts the package of `installed` there anew; by its place, for nothing else tells who installed it. */
function reinstall({ installed }: LoadFacts): string {
  const [, unplugged, yarns] = /^((.*)\/\.yarn\/unplugged\/[^/]+)\//.exec(installed ?? '') ?? []
  if (unplugged !== undefined && yarns !== undefined)
    return `rm -rf ${quote(unplugged)} && yarn --cwd ${quote(yarns)} install`
  const [, project, rest] = /^(.*?)\/node_modules\/(.*)$/.exec(installed ?? '') ?? []
  if (installed === undefined || project === undefined || rest === undefined) return INSTALL
  if (rest.startsWith('.pnpm/')) return `pnpm --dir ${quote(project)} install --force`
  const where =
    rest === 'holdfast/' && project.endsWith('/lib') ? '--global holdfast' : `--prefix ${quote(project)}`
  // Without the slash: behind a link it would reach further than meant.
  return `rm -rf ${quote(installed.slice(0, -1))} && npm install ${where}`
}

/** For a shell. */
function quote(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** What loaders and the checks before them answer, and what to do then. The first that fits counts. */
const REMEDIES: readonly [RegExp, (found: RegExpExecArray, facts: LoadFacts) => Remedy][] = [
  [
    /version `?((?:GLIBC|GLIBCXX|CXXABI)_[\w.]+)'? not found/,
    ([, version], { glibcVersion }) => ({
      because: `This system is older than the binary: it wants ${version}, and glibc here is ${glibcVersion ?? 'unknown'}. ${TOOLS}`,
      command: BUILD,
    }),
  ],
  [
    /^it is damaged/,
    (_, facts) => ({
      because: 'The file was not written in full, or was changed afterwards.',
      command: reinstall(facts),
    }),
  ],
  [
    /^it was built for /,
    (_, facts) => ({
      because: 'node_modules was copied from another machine, or installed for another one.',
      command: reinstall(facts),
    }),
  ],
  [
    /(lib(?:stdc\+\+|gcc_s)\.so\.\d): (?:cannot open shared object file|No such file)|Error loading shared library (lib(?:stdc\+\+|gcc_s)\.so\.\d)/,
    ([, one, other], { libc }) => ({
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
    /failed to map segment|Operation not permitted|Permission denied/i,
    () => ({
      because:
        'The system does not let code be run from there: a file system mounted noexec, or the rights of the file.',
      command: 'findmnt -o TARGET,OPTIONS -T node_modules/holdfast',
    }),
  ],
  [
    /loading addons is disabled/,
    () => ({
      because: 'This process was started without the permission to load addons.',
      command: 'node --allow-addons',
    }),
  ],
  [
    /Error relocating .*symbol not found/,
    (_, { libc }) => ({
      because: `The ${libc} of this system is older than the binary, or another C library. ${TOOLS}`,
      command: BUILD,
    }),
  ],
  [
    /libc\.so\b|libc\.musl|ld-musl|ld-linux|Error loading shared library/,
    (_, facts) => ({
      because: `The binary belongs to another C library than the ${facts.libc} of this process: node_modules was installed elsewhere.`,
      command: reinstall(facts),
    }),
  ],
]

function remedyOf(facts: LoadFacts): Remedy {
  if (facts.platform !== 'linux') {
    return { because: 'holdfast runs on Linux only.', command: 'uname -s' }
  }
  if (facts.nodeApiVersion < NEEDED_NODE_API) {
    return {
      because: `This Node offers Node-API ${facts.nodeApiVersion}; ${NEEDED_NODE_API} came with 18.17.`,
      command: 'npm install --global n && n lts',
    }
  }
  for (const { answer } of facts.attempts) {
    if (answer === undefined) continue
    for (const [pattern, remedy] of REMEDIES) {
      const found = pattern.exec(answer)
      if (found !== null) return remedy(found, facts)
    }
  }
  const answers = facts.attempts.map(({ answer }) => answer).filter((answer) => answer !== undefined)
  const nothingFound = answers.every((answer) => answer.startsWith('Cannot find module'))
  if (facts.bundle !== undefined && facts.installed === undefined && nothingFound) {
    const entry = `holdfast/linux-${facts.arch}-${facts.libc}`
    return {
      because: `The library is part of ${facts.bundle}: no package is installed there, and no binary of the bundle lies beside it (importing ${entry} first takes one along).`,
      command: INSTALL,
    }
  }
  if (answers.length > 0) {
    return { because: `A fresh build on this machine may do. ${TOOLS}`, command: BUILD }
  }
  const blocked =
    'If npm was told to run no install scripts (--ignore-scripts, or a version that wants them approved), nothing was built here.'
  return { because: `No binary in the package is for this system. ${blocked} ${TOOLS}`, command: BUILD }
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
