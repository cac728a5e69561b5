// A registry that has the package under test and sends everything else on to the one that npm knows: so a test can do
// what users do, `npm install holdfast`.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { npmRegistry, tarball } from './consumer.ts'

interface PackedManifest {
  name: string
  version: string
}

/** What stands in the package.json of the tarball under test. */
export function packedManifest(): PackedManifest {
  const argv = ['-xzOf', tarball(), 'package/package.json']
  return JSON.parse(execFileSync('tar', argv, { encoding: 'utf8' })) as PackedManifest
}

/** Its address; it is gone with the test. */
export async function registry(t: ExecutionContext): Promise<string> {
  const upstream = await npmRegistry()
  const bytes = readFileSync(tarball())
  const manifest = packedManifest()
  const { name, version } = manifest
  const tarballPath = `/${name}/-/${name}-${version}.tgz`

  const server = createServer(({ url = '/' }, response) => {
    if (url === tarballPath) {
      response.end(bytes)
    } else if (url === `/${name}`) {
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
      const dist = { integrity, tarball: `${address}${tarballPath.slice(1)}` }
      const versions = { [version]: { ...manifest, hasInstallScript: true, dist } }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
    } else {
      response.writeHead(307, { location: new URL(url.slice(1), upstream).href }).end()
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return address
}
