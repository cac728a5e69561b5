// npm run torture -- NAME [arguments]    runs test/torture/NAME.ts: a campaign too long for the test suite
import { runProgram } from './program.mjs'

runProgram('test/torture', process.argv.slice(2))
