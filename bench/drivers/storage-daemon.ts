/** qemu-storage-daemon over raw images, each exported through NBD, driven over QMP. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const execFileAsync = promisify(execFile)

export function storageDaemonIsThere(): boolean {
  return spawnSync('qemu-storage-daemon', ['--version'], { stdio: 'ignore' }).status === 0
}

async function connect(path: string): Promise<Socket> {
  for (let attempt = 0; ; attempt++) {
    const socket = createConnection(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (attempt === 100) throw error
      await sleep(50)
    }
  }
}

export interface NbdLoad {
  iops: number
  longestWriteMillis: number
}

export class StorageDaemon {
  readonly #directory: string
  readonly #child: ChildProcess
  readonly #socket: Socket
  readonly #lines: Interface
  readonly #replies: AsyncIterator<string>
  readonly #nodes: string[]
  #taken = 0

  private constructor(directory: string, child: ChildProcess, socket: Socket, nodes: string[]) {
    this.#directory = directory
    this.#child = child
    this.#socket = socket
    this.#lines = createInterface({ input: socket })
    this.#replies = this.#lines[Symbol.asyncIterator]()
    this.#nodes = nodes
  }

  static async start(directory: string, images: readonly string[], direct: boolean): Promise<StorageDaemon> {
    const qmp = join(directory, 'qmp.sock')
    const nodes = images.map((_image, i) => `d${i}`)
    const args = [
      ...['--chardev', `socket,id=q,path=${qmp},server=on,wait=off`, '--monitor', 'chardev=q'],
      ...['--nbd-server', `addr.type=unix,addr.path=${join(directory, 'nbd.sock')},max-connections=0`],
    ]
    for (const [i, image] of images.entries()) {
      const cache = `cache.direct=${direct ? 'on' : 'off'},aio=io_uring`
      args.push('--blockdev', `driver=file,filename=${image},node-name=f${i},${cache}`)
      args.push('--blockdev', `driver=raw,file=f${i},node-name=d${i}`)
      args.push('--export', `nbd,id=e${i},node-name=d${i},name=d${i},writable=on`)
    }
    const child = spawn('qemu-storage-daemon', args, { stdio: ['ignore', 'ignore', 'inherit'] })
    const daemon = new StorageDaemon(directory, child, await connect(qmp), nodes)
    await daemon.#replies.next()
    await daemon.#execute('qmp_capabilities')
    return daemon
  }

  async #execute(command: string, args: object = {}): Promise<void> {
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`)
    for (;;) {
      const { done, value } = await this.#replies.next()
      if (done) throw new Error(`qemu-storage-daemon ended at ${command}`)
      const reply = JSON.parse(value) as { return?: unknown; error?: { desc: string } }
      if (reply.error !== undefined) throw new Error(`${command}: ${reply.error.desc}`)
      if (reply.return !== undefined) return
    }
  }

  /** New qcow2 overlays on every node in one transaction; how long that took, without making the empty files. */
  async snapshot(sizeBytes: number, direct: boolean): Promise<number> {
    const taken = this.#taken++
    const overlays = this.#nodes.map((_node, i) => `o${taken}-${i}`)
    for (const overlay of overlays) {
      const file = join(this.#directory, `${overlay}.qcow2`)
      await execFileAsync('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(sizeBytes)])
      const cache = { cache: { direct }, aio: 'io_uring' }
      await this.#execute('blockdev-add', {
        driver: 'qcow2',
        'node-name': overlay,
        file: { driver: 'file', filename: file, ...cache },
        backing: null,
      })
    }
    const start = performance.now()
    await this.#execute('transaction', {
      actions: this.#nodes.map((node, i) => ({
        type: 'blockdev-snapshot',
        data: { node: taken === 0 ? node : `o${taken - 1}-${i}`, overlay: overlays[i] },
      })),
    })
    return performance.now() - start
  }

  /** 4 KiB random writes at the depth on every node. */
  async load(depth: number, millis: number): Promise<NbdLoad> {
    const jobs = this.#nodes.flatMap((node) => [
      `--name=${node}`,
      `--uri=nbd+unix:///${node}?socket=${join(this.#directory, 'nbd.sock')}`,
    ])
    const { stdout } = await execFileAsync('fio', [
      ...[
        '--ioengine=nbd',
        '--rw=randwrite',
        '--bs=4k',
        `--iodepth=${depth}`,
        '--time_based',
        `--runtime=${millis}ms`,
      ],
      ...['--output-format=json', '--group_reporting', '--randrepeat=0', '--norandommap', ...jobs],
    ])
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
      jobs: { write: { iops: number; clat_ns: { max: number } } }[]
    }
    const write = report.jobs[0]?.write
    if (write === undefined) throw new Error('fio reports no job')
    return { iops: write.iops, longestWriteMillis: write.clat_ns.max / 1e6 }
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
    this.#lines.close()
    this.#socket.destroy()
    await rm(join(this.#directory, 'nbd.sock'), { force: true })
  }
}
