// npm run torture -- NAME [arguments]    runs test/torture/NAME.ts: a campaign too long for the test suite
import { findProgram, runProgram } from './program.mjs'

const [name, ...args] = process.argv.slice(2)
runProgram(findProgram('test/torture', name), args)
