import test from 'ava'
import { buildCommand, installVersionCommand, reinstallCommand } from '../lib/load-commands.ts'

const gyp = 'explore holdfast -- node scripts/native.mjs gyp'

interface Commands {
  reinstall: string
  build: string
  version?: string
}

const places: [installed: string | undefined, commands: Commands][] = [
  [
    '/app/node_modules/holdfast/',
    {
      reinstall: 'rm -rf /app/node_modules/holdfast && npm install --prefix /app',
      build: `npm --prefix /app ${gyp}`,
      version: 'npm install --prefix /app holdfast@1.2.3',
    },
  ],
  [
    '/node_modules/holdfast/',
    {
      reinstall: 'rm -rf /node_modules/holdfast && npm install --prefix /',
      build: `npm --prefix / ${gyp}`,
      version: 'npm install --prefix / holdfast@1.2.3',
    },
  ],
  [
    '/app/node_modules/backup/node_modules/holdfast/',
    {
      reinstall: 'rm -rf /app/node_modules/backup/node_modules/holdfast && npm install --prefix /app',
      build: `npm --prefix /app/node_modules/backup ${gyp}`,
      version: 'npm install --prefix /app holdfast@1.2.3',
    },
  ],
  [
    "/my app's/node_modules/holdfast/",
    {
      reinstall: "rm -rf '/my app'\\''s/node_modules/holdfast' && npm install --prefix '/my app'\\''s'",
      build: `npm --prefix '/my app'\\''s' ${gyp}`,
      version: "npm install --prefix '/my app'\\''s' holdfast@1.2.3",
    },
  ],
  [
    '/home/me/.npm/_npx/0a1b2c/node_modules/holdfast/',
    {
      reinstall:
        'rm -rf /home/me/.npm/_npx/0a1b2c/node_modules/holdfast && npm install --prefix /home/me/.npm/_npx/0a1b2c',
      build: `npm --prefix /home/me/.npm/_npx/0a1b2c ${gyp}`,
      version: 'npm install --prefix /home/me/.npm/_npx/0a1b2c holdfast@1.2.3',
    },
  ],
  [
    '/usr/lib/node_modules/holdfast/',
    {
      reinstall: 'rm -rf /usr/lib/node_modules/holdfast && npm install --global holdfast',
      // By its folder, as any other: the npm at hand may be of another Node, with another global folder.
      build: `npm --prefix /usr/lib ${gyp}`,
      version: 'npm install --global holdfast@1.2.3',
    },
  ],
  [
    '/app/node_modules/.pnpm/holdfast@0.1.0/node_modules/holdfast/',
    {
      reinstall: 'pnpm --dir /app install --force',
      build: `npm --prefix /app/node_modules/.pnpm/holdfast@0.1.0 ${gyp}`,
      version: 'pnpm --dir /app add holdfast@1.2.3',
    },
  ],
  [
    '/app/.yarn/unplugged/holdfast-npm-0.1.0-0a1b2c/node_modules/holdfast/',
    {
      reinstall: 'rm -rf /app/.yarn/unplugged/holdfast-npm-0.1.0-0a1b2c && yarn --cwd /app install',
      build: `npm --prefix /app/.yarn/unplugged/holdfast-npm-0.1.0-0a1b2c ${gyp}`,
      version: 'yarn --cwd /app add holdfast@1.2.3',
    },
  ],
  [
    '/home/me/holdfast/',
    {
      reinstall: 'npm --prefix /home/me/holdfast/ run build:native',
      build: 'npm --prefix /home/me/holdfast/ run build:native',
      version: 'npm --prefix /home/me/holdfast/ run build',
    },
  ],
  [
    undefined,
    { reinstall: 'npm install holdfast', build: `npm install holdfast --ignore-scripts && npm ${gyp}` },
  ],
]

for (const [installed, { reinstall, build, version }] of places) {
  test(`a package in ${installed ?? 'no known place'} is put in order there, from wherever the command is typed`, (t) => {
    t.is(reinstallCommand(installed), reinstall)
    t.is(buildCommand(installed), build)
    if (installed !== undefined) t.is(installVersionCommand(installed, '1.2.3'), String(version))
  })
}
