import * as holdfast from 'holdfast'
import { take } from './take.mjs'

console.log(JSON.stringify(await take(holdfast)))
