import test from 'ava'
import { explainLoadFailure, type LoadFacts } from '../lib/load-failure.ts'

const prebuild = '/app/node_modules/holdfast/prebuilds/linux-x64/holdfast.glibc.node'
const facts: LoadFacts = {
  platform: 'linux',
  arch: 'x64',
  libc: 'glibc',
  glibcVersion: '2.31',
  nodeVersion: '20.19.0',
  nodeApiVersion: 9,
  attempts: [{ path: '/app/node_modules/holdfast/build/Release/holdfast.node' }, { path: prebuild }],
  shipped: ['linux-arm64/holdfast.glibc.node'],
  bundled: [],
  bundle: undefined,
  installed: '/app/node_modules/holdfast/',
}
const reinstall = 'rm -rf /app/node_modules/holdfast && npm install --prefix /app'
const answering = (answer: string): LoadFacts => ({ ...facts, attempts: [{ path: prebuild, answer }] })
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
        'It needs g++, make and python3.',
      '  What to do: npm explore holdfast -- node scripts/native.mjs gyp',
    ].join('\n'),
  )
})

const remedies: [what: string, facts: LoadFacts, because: RegExp, command: string][] = [
  [
    'a binary that wants a newer glibc',
    answering("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by holdfast.node)"),
    /older than the binary: it wants GLIBC_2\.34, and glibc here is 2\.31/,
    'npm explore holdfast -- node scripts/native.mjs gyp',
  ],
  [
    'a binary that wants a newer libstdc++',
    answering("/usr/lib/libstdc++.so.6: version `GLIBCXX_3.4.29' not found"),
    /it wants GLIBCXX_3\.4\.29/,
    'npm explore holdfast -- node scripts/native.mjs gyp',
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
    'findmnt -o TARGET,OPTIONS -T node_modules/holdfast',
  ],
  [
    'a file that may not be read',
    answering("EACCES: permission denied, open 'x.node'"),
    /the rights of the file/,
    'findmnt -o TARGET,OPTIONS -T node_modules/holdfast',
  ],
  [
    'a file system without execution, as musl says it',
    { ...answering('Error loading shared library x.node: Operation not permitted'), libc: 'musl' },
    /mounted noexec/,
    'findmnt -o TARGET,OPTIONS -T node_modules/holdfast',
  ],
  [
    'a musl that is too old',
    {
      ...answering('Error relocating x.node: qsort_r: symbol not found'),
      libc: 'musl',
      glibcVersion: undefined,
    },
    /The musl of this system is older/,
    'npm explore holdfast -- node scripts/native.mjs gyp',
  ],
  [
    'a process without the permission for addons',
    answering('Cannot load native addon because loading addons is disabled.'),
    /without the permission to load addons/,
    'node --allow-addons',
  ],
  [
    'an answer that nobody foresaw',
    answering('undefined symbol: napi_from_the_future'),
    /fresh build/,
    'npm explore holdfast -- node scripts/native.mjs gyp',
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
    'npm explore holdfast -- node scripts/native.mjs gyp',
  ],
  ['another system than Linux', { ...facts, platform: 'darwin' }, /runs on Linux only/, 'uname -s'],
  [
    'a Node that is too old',
    { ...facts, nodeApiVersion: 7 },
    /offers Node-API 7/,
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

const places: [installed: string | undefined, command: string][] = [
  ['/app/node_modules/holdfast/', reinstall],
  [
    '/app/node_modules/backup/node_modules/holdfast/',
    'rm -rf /app/node_modules/backup/node_modules/holdfast && npm install --prefix /app',
  ],
  [
    "/my app's/node_modules/holdfast/",
    "rm -rf '/my app'\\''s/node_modules/holdfast' && npm install --prefix '/my app'\\''s'",
  ],
  [
    '/home/me/.npm/_npx/0a1b2c/node_modules/holdfast/',
    'rm -rf /home/me/.npm/_npx/0a1b2c/node_modules/holdfast && npm install --prefix /home/me/.npm/_npx/0a1b2c',
  ],
  [
    '/usr/lib/node_modules/holdfast/',
    'rm -rf /usr/lib/node_modules/holdfast && npm install --global holdfast',
  ],
  ['/app/node_modules/.pnpm/holdfast@0.1.0/node_modules/holdfast/', 'pnpm --dir /app install --force'],
  [
    '/app/.yarn/unplugged/holdfast-npm-0.1.0-0a1b2c/node_modules/holdfast/',
    'rm -rf /app/.yarn/unplugged/holdfast-npm-0.1.0-0a1b2c && yarn --cwd /app install',
  ],
  ['/home/me/holdfast/', 'npm install holdfast'],
  [undefined, 'npm install holdfast'],
]

for (const [installed, command] of places) {
  test(`a damaged package in ${installed ?? 'no known place'} is put there anew by whoever put it there`, (t) => {
    const text = explainLoadFailure({
      ...answering('it is damaged: 0 bytes that are no ELF file'),
      installed,
    })
    t.is(lastLine(text), `  What to do: ${command}`)
  })
}

test('a failure in a bundle names the targets that were taken into it', (t) => {
  const text = explainLoadFailure({ ...facts, bundled: ['linux-x64-musl', 'linux-arm64-musl'] })
  t.regex(text, /^ {2}Taken into the bundle: linux-x64-musl, linux-arm64-musl$/m)
})
