/**
 * One demo at a time in a directory. The lock is a name of the kernel, of the kind that sockets have, made of what the
 * directory is: it leaves no file, and goes with the process, however that ends.
 */
import { createServer, type Server } from 'node:net'
import { VssError } from '../errors.ts'
import { identityOf } from './destination.ts'

/**
 * @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` while another demo has the directory, of this process or another
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const server = createServer()
  try {
    await listen(server, `\0holdfast-demo-${await identityOf(directory)}`)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE') {
      throw new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `another demo is at work in ${directory}`, {
        cause: thrown,
        culprit: directory,
        remedy: 'Wait for its end, or choose another directory with --out.',
      })
    }
    // A sandbox without sockets: whoever runs two demos into one directory there is on their own.
    return { [Symbol.asyncDispose]: async () => undefined }
  }
  return {
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
    // It keeps no process alive.
    server.unref()
  })
}
