// The scripts of a release as their tests see them, with samples of what they work on.
export interface Facts {
  arch: string | undefined
  glibcFloor: string | null
  versions: { library: string; version: string }[]
  libraries: string[]
  searchPaths: string[]
  exported: string[]
  imported: { name: string; version: string | null; isWeak: boolean }[]
  nodeApiVersion: number | undefined
  hasExecutableStack: boolean
  hasTextRelocations: boolean
  hasPackedRelocations: boolean
  hasStaticTls: boolean
  relro: 'none' | 'partial' | 'full'
  segmentAlignmentBytes: number
  isStripped: boolean
  sizeBytes: number
  sha256: string
}

interface Target {
  arch: string
  libc: string
  file: string
}
type TargetName = 'x64-glibc' | 'arm64-glibc' | 'x64-musl' | 'arm64-musl'

interface Scripts {
  targets: Record<TargetName, Target>
  inspect(file: string): Facts
  faultsOf(target: Target, facts: Facts, muslSymbols?: ReadonlySet<string>): string[]
  readStubs(text: string, defined: readonly string[]): Set<string>
  manifestFaults(folder: string, sourcesSha256: string): string[]
  recordBinary(folder: string, file: string, sourcesSha256: string): void
  sourcesSha256(folder: string): string
  stage(folder: string): void
  packedFaults(tarball: string, checkout: string): string[]
  compilers(triple: string, stage: string, zigCache?: string): Record<string, string>
  refuseOtherHosts(platform: string, arch: string): void
  npmCli(env: NodeJS.ProcessEnv): string
  identityFaults(manifest: object): string[]
  debianMirrors(osRelease: string, own: string): string[]
  nodeVersions: string[]
}

const names = [
  'targets',
  'inspect',
  'faults',
  'musl',
  'manifest',
  'sources',
  'build',
  'packed',
  'tools',
  'npm',
]
const files = [...names, 'publishable', 'systems']
const modules = await Promise.all(
  files.map((name) => import(new URL(`../../scripts/release/${name}.mjs`, import.meta.url).href)),
)

/** Everything that the modules of scripts/release export. */
export const scripts: Scripts = Object.assign({}, ...modules) as Scripts

/** A binary for x64 and glibc as a release may ship it. */
export const glibcFacts: Facts = {
  arch: 'x64',
  glibcFloor: '2.25',
  versions: [
    { library: 'libc.so.6', version: 'GLIBC_2.14' },
    { library: 'libc.so.6', version: 'GLIBC_2.2.5' },
    { library: 'ld-linux-x86-64.so.2', version: 'GLIBC_2.3' },
    { library: 'libc.so.6', version: 'GLIBC_2.25' },
  ],
  libraries: ['ld-linux-x86-64.so.2', 'libc.so.6'],
  searchPaths: [],
  exported: ['napi_register_module_v1', 'node_api_module_get_api_version_v1'],
  imported: [
    { name: 'getrandom', version: 'GLIBC_2.25', isWeak: false },
    { name: 'napi_throw', version: null, isWeak: false },
  ],
  nodeApiVersion: 8,
  hasExecutableStack: false,
  hasTextRelocations: false,
  hasPackedRelocations: false,
  hasStaticTls: false,
  relro: 'full',
  segmentAlignmentBytes: 4096,
  isStripped: true,
  sizeBytes: 1000,
  sha256: '00',
}

/** The same for arm64 and musl. */
export const muslFacts: Facts = {
  ...glibcFacts,
  arch: 'arm64',
  glibcFloor: null,
  versions: [],
  libraries: ['libc.so'],
  imported: [
    { name: 'getrandom', version: null, isWeak: false },
    { name: 'napi_throw', version: null, isWeak: false },
  ],
  segmentAlignmentBytes: 65536,
}
export const muslNames: readonly string[] = ['getrandom', 'malloc']
