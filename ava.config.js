// Child processes, not worker threads: a crash of the addon is then one failed file, and on Node 20
// tsx does not reach worker threads. Two at a time, because the tests of deadlines need a processor. The time-out is
// for a test that hangs, on a machine that is busy with something else as well.
export default {
  // The tests of a release need a package and systems to install it on: npm run verify:prebuilds.
  files: process.env.HOLDFAST_RELEASE
    ? ['test/release/*.test.ts']
    : ['test/**/*.test.ts', '!test/release/**'],
  extensions: { ts: 'module' },
  nodeArguments: process.features.typescript ? [] : ['--import=tsx'],
  workerThreads: false,
  concurrency: 2,
  timeout: '300s',
}
