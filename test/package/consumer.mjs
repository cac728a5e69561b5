// Runs in an empty project that has nothing but the installed package: no compiler, no install scripts.
// Prints one JSON object on its last line for tarball.test.ts.
import { engineInfo } from 'holdfast'

console.log(JSON.stringify({ engine: engineInfo() }))
