// require() of an ES module: what every supported Node can do.
const holdfast = require('holdfast')

import('./take.mjs').then(async ({ take }) => console.log(JSON.stringify(await take(holdfast))))
