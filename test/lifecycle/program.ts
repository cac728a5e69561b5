// node program.ts SCENE DIRECTORY ENDING
import { runScene } from './scenes.ts'

const [scene, directory, ending] = process.argv.slice(2)
await runScene(String(scene), String(directory), String(ending))
