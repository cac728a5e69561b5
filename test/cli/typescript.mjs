// Preload for a child process that runs lib/ uncompiled: unlike tsx's own entry it also reaches worker
// threads on Node 20, because each of them evaluates it.
import { register } from 'tsx/esm/api'

register()
