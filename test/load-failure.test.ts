import { readFileSync } from 'node:fs'
import test from 'ava'
import { explainLoadFailure, type LoadFacts, SUPPORTED_NODE } from '../lib/load-failure.ts'

const prebuild = '/app/node_modules/holdfast/prebuilds/linux-x64/holdfast.glibc.node'
const facts: LoadFacts = {
  platform: 'linux',
  arch: 'x64',
  libc: 'glibc',
  glibcVersion: '2.31',
  nodeVersion: '20.19.0',
  nodeApiVersion: 9,
  nodeOptions: [],
  version: '0.1.0',
  override: undefined,
  attempts: [{ path: '/app/node_modules/holdfast/build/Release/holdfast.node' }, { path: prebuild }],
  shipped: ['linux-arm64/holdfast.glibc.node'],
  bundled: [],
  bundle: undefined,
  installed: '/app/node_modules/holdfast/',
}
const reinstall = 'rm -rf /app/node_modules/holdfast && npm install --prefix /app'
const build = 'npm --prefix /app explore holdfast -- node scripts/native.mjs gyp'
const answering = (answer: string, manifest?: 'same'): LoadFacts => ({
  ...facts,
  attempts: [{ path: prebuild, answer, ...(manifest === undefined ? {} : { manifest }) }],
})
const override = '/srv/own build'
const overridden = { override, installed: undefined }
const alone = { bundle: '/srv/out/bundle.cjs', installed: undefined }
const lastLine = (text: string): string | undefined => text.split('\n').at(-1)

test('a failure says what was looked for, what each attempt answered, what is shipped, and ends with a command', (t) => {
  t.is(
    explainLoadFailure(facts),
    [
      'ERR_NATIVE_NOT_LOADED: the native addon of holdfast could not be loaded.',
      '  Looked for: linux-x64, glibc 2.31, Node-API 8 (this is Node 20.19.0 with Node-API 9)',
      '  Tried:',
      '    /app/node_modules/holdfast/build/Release/holdfast.node: no such file',
      `    ${prebuild}: no such file`,
      '  Shipped in the package: linux-arm64/holdfast.glibc.node',
      '  No binary in the package is for this system. If npm was told to run no install scripts ' +
        '(--ignore-scripts, or a version that wants them approved), nothing was built here. ' +
        'It needs g++ 10 or newer, make and python3.',
      `  What to do: ${build}`,
    ].join('\n'),
  )
})

const remedies: [what: string, facts: LoadFacts, because: RegExp, command: string][] = [
  [
    'a binary that wants a newer glibc',
    answering("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by holdfast.node)"),
    /older than the binary: it wants GLIBC_2\.34, and glibc here is 2\.31/,
    build,
  ],
  [
    'a binary that wants a newer libstdc++',
    answering("/usr/lib/libstdc++.so.6: version `GLIBCXX_3.4.29' not found"),
    /it wants GLIBCXX_3\.4\.29/,
    build,
  ],
  [
    'a truncated file',
    answering('it is damaged: 4096 bytes of at least 310000'),
    /not written in full/,
    reinstall,
  ],
  [
    'a file for another architecture',
    answering('it was built for arm64, not for x64'),
    /copied from another machine/,
    reinstall,
  ],
  [
    'a binary of glibc under musl',
    {
      ...answering('Error loading shared library ld-linux-x86-64.so.2: No such file or directory'),
      libc: 'musl',
      glibcVersion: undefined,
    },
    /another C library than the musl of this process/,
    reinstall,
  ],
  [
    'a binary of musl under glibc',
    answering('libc.so: cannot open shared object file: No such file or directory'),
    /another C library than the glibc of this process/,
    reinstall,
  ],
  [
    'a binary of musl under glibc, where a linker script is taken for its libc',
    answering('/lib/x86_64-linux-gnu/libc.so: invalid ELF header'),
    /another C library than the glibc of this process/,
    reinstall,
  ],
  [
    'a build of this machine without its C++ runtime',
    answering('libstdc++.so.6: cannot open shared object file: No such file or directory'),
    /wants its runtime, libstdc\+\+\.so\.6/,
    'apt-get install -y libstdc++6',
  ],
  [
    'the same under musl',
    {
      ...answering('Error loading shared library libstdc++.so.6: No such file or directory'),
      libc: 'musl',
      glibcVersion: undefined,
    },
    /wants its runtime, libstdc\+\+\.so\.6/,
    'apk add libstdc++',
  ],
  [
    'a file system without execution',
    answering('failed to map segment from shared object'),
    /mounted noexec/,
    `findmnt -o TARGET,OPTIONS -T ${prebuild}`,
  ],
  [
    'a file that may not be read',
    answering("EACCES: permission denied, open 'x.node'"),
    /The rights of the file/,
    'chmod -R a+rX /app/node_modules/holdfast/',
  ],
  [
    'a file that the dynamic linker may not read, in a package behind a space',
    {
      ...answering('cannot open shared object file: Permission denied'),
      installed: '/my app/node_modules/holdfast/',
    },
    /The rights of the file/,
    "chmod -R a+rX '/my app/node_modules/holdfast/'",
  ],
  [
    'a file that may not be read, in a folder that HOLDFAST_PREBUILD names',
    { ...answering("EACCES: permission denied, open 'x.node'"), ...overridden },
    /The rights of the file/,
    "chmod -R a+rX '/srv/own build'",
  ],
  [
    'a process without memory for the file',
    answering('failed to map segment from shared object: Cannot allocate memory'),
    /no memory to map the file/,
    'ulimit -v unlimited',
  ],
  [
    'the same, as musl says it',
    { ...answering('Error loading shared library x.node: Out of memory'), libc: 'musl' },
    /no memory to map the file/,
    'ulimit -v unlimited',
  ],
  [
    'a file system without execution, as musl says it',
    { ...answering('Error loading shared library x.node: Operation not permitted'), libc: 'musl' },
    /mounted noexec/,
    `findmnt -o TARGET,OPTIONS -T ${prebuild}`,
  ],
  [
    'a musl that is too old',
    {
      ...answering('Error relocating x.node: qsort_r: symbol not found'),
      libc: 'musl',
      glibcVersion: undefined,
    },
    /The musl of this system is older/,
    build,
  ],
  [
    'a process without the permission for addons',
    answering('Cannot load native addon because loading addons is disabled.'),
    /started with --permission, and without that for addons/,
    'node --allow-addons',
  ],
  [
    'a process that was told to load no addons',
    {
      ...answering('Cannot load native addon because loading addons is disabled.'),
      nodeOptions: ['--no-addons'],
    },
    /started with --no-addons/,
    'node --addons',
  ],
  [
    'an answer that nobody foresaw',
    answering('undefined symbol: napi_from_the_future'),
    /fresh build/,
    build,
  ],
  [
    'a binary of another C library that is as it was shipped',
    answering('libc.so: cannot open shared object file: No such file or directory', 'same'),
    /as it was shipped: installing it again would change nothing/,
    build,
  ],
  [
    'a file with other bytes than were shipped, which the linker takes for one that wants a newer glibc',
    answering("it is damaged: it does not match the manifest (version `GLIBC_9.99' not found)"),
    /was changed afterwards/,
    reinstall,
  ],
  [
    'a file that was shipped and is not there',
    {
      ...facts,
      attempts: [
        { path: '/app/node_modules/holdfast/build/Release/holdfast.node' },
        { path: prebuild, manifest: 'missing' },
      ],
    },
    /The package is incomplete: .*linux-x64\/holdfast\.glibc\.node was shipped with it and is not there/,
    reinstall,
  ],
  [
    'a file that was shipped and is not there, beside a build that fails',
    {
      ...facts,
      attempts: [
        { path: '/app/node_modules/holdfast/build/Release/holdfast.node', answer: 'undefined symbol: x' },
        { path: prebuild, manifest: 'missing' },
      ],
    },
    /The package is incomplete/,
    reinstall,
  ],
  [
    'a folder of HOLDFAST_PREBUILD with nothing in it',
    { ...facts, ...overridden },
    /HOLDFAST_PREBUILD names \/srv\/own build, where no binary for this system lies/,
    'unset HOLDFAST_PREBUILD',
  ],
  [
    'a damaged file in the folder of HOLDFAST_PREBUILD, where nothing was installed',
    { ...answering('it is damaged: 0 bytes that are no ELF file'), ...overridden },
    /not written in full/,
    'unset HOLDFAST_PREBUILD',
  ],
  [
    'a package of another version than the bundle that found it',
    {
      ...facts,
      attempts: [
        { path: '/app/node_modules/holdfast/package.json', answer: 'it is of holdfast 0.2.0, not of 0.1.0' },
      ],
    },
    /The library is holdfast 0\.1\.0 and the package that it found is 0\.2\.0/,
    'npm install --prefix /app holdfast@0.1.0',
  ],
  [
    'a file with other bytes than were shipped',
    answering('it is damaged: it does not match the manifest (invalid ELF header)'),
    /was changed afterwards/,
    reinstall,
  ],
  [
    'a bundle on its own',
    { ...facts, attempts: [{ path: '/srv/build/Release/holdfast.node' }], ...alone },
    /part of \/srv\/out\/bundle\.cjs: no package is installed there.*importing holdfast\/linux-x64-glibc first/,
    'npm install holdfast',
  ],
  [
    'a bundle that was copied without its binary',
    { ...answering("Cannot find module './holdfast.glibc-ABCDEFGH.node'"), ...alone },
    /no binary of the bundle lies beside it/,
    'npm install holdfast',
  ],
  [
    'a bundle that has no require() for its binary',
    { ...answering('Dynamic require of "./holdfast.glibc-ABCDEFGH.node" is not supported'), ...alone },
    /has no require\(\) for the binary/,
    'esbuild --loader:.node=file',
  ],
  [
    'a binary of a bundle that wants a newer glibc',
    { ...answering("version `GLIBC_2.34' not found"), ...alone },
    /older than the binary/,
    'npm install holdfast --ignore-scripts && npm explore holdfast -- node scripts/native.mjs gyp',
  ],
  ['another system than Linux', { ...facts, platform: 'darwin' }, /runs on Linux only/, 'uname -s'],
  [
    'a Node that is too old',
    { ...facts, nodeApiVersion: 7 },
    /offers Node-API 7; holdfast needs 8 and Node \^20\.19\.0 \|\| \^22\.12\.0 \|\| >=24\./,
    'npm install --global n && n lts',
  ],
]

for (const [what, known, because, command] of remedies) {
  test(`${what} is told from other failures, with the command that helps`, (t) => {
    const text = explainLoadFailure(known)
    t.regex(text, because)
    t.is(lastLine(text), `  What to do: ${command}`)
  })
}

test('the versions of Node that a failure names are those of the package', (t) => {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  t.is(SUPPORTED_NODE, (JSON.parse(manifest) as { engines: { node: string } }).engines.node)
})

test('a failure in a bundle names the targets that were taken into it', (t) => {
  const text = explainLoadFailure({ ...facts, bundled: ['linux-x64-musl', 'linux-arm64-musl'] })
  t.regex(text, /^ {2}Taken into the bundle: linux-x64-musl, linux-arm64-musl$/m)
})
