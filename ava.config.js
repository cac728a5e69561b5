// Child processes, not worker threads: a crash of the addon is then one failed file, and on Node 20
// tsx does not reach worker threads. Two at a time, because the tests of deadlines need a processor.
export default {
  files: ['test/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: process.features.typescript ? [] : ['--import=tsx'],
  workerThreads: false,
  concurrency: 2,
  timeout: '120s',
}
