import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const samplesFolder = join(import.meta.dirname, '..', 'samples')

/** The recorded samples, the pods' namespaces among them. */
export const sampleNames = [
  'healthy',
  'tw-3000',
  'ports-exhausted',
  'conntrack-75pct',
  'conntrack-75pct/pod-netns',
]

/** A folder that is laid out like /proc. */
export interface ProcFolder {
  path: string
  write(file: string, content: string): Promise<void>
  remove(file: string): Promise<void>
  /** Takes the right to read a file from everybody. */
  deny(file: string): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A copy of a sample, laid out like /proc, with what the recording lacks (uptime and size of memory). */
export async function procOfSample(sample: string): Promise<ProcFolder> {
  const proc = await emptyProc()
  const from = join(samplesFolder, sample)
  await cp(join(from, 'sys'), join(proc.path, 'sys'), { recursive: true })
  for (const file of ['tcp', 'tcp6', 'netstat', 'snmp', 'sockstat', 'sockstat6', 'stat/nf_conntrack']) {
    await cp(join(from, file), join(proc.path, 'net', file), { recursive: true, force: true }).catch(
      (error) => {
        if (error.code !== 'ENOENT') throw error
      },
    )
  }
  await mkdir(join(proc.path, 'sys/kernel'), { recursive: true })
  await cp(join(from, 'kernel'), join(proc.path, 'sys/kernel/osrelease'))
  await proc.write('uptime', '4711.08 9000.00\n')
  await proc.write('meminfo', 'MemTotal:       24589216 kB\nMemFree:        20000000 kB\n')
  return proc
}

export async function emptyProc(): Promise<ProcFolder> {
  const path = await mkdtemp(join(tmpdir(), 'ach-proc-'))
  await chmod(path, 0o755)
  return {
    path,
    async write(file, content) {
      await mkdir(join(path, dirname(file)), { recursive: true })
      await writeFile(join(path, file), content)
    },
    remove: (file) => rm(join(path, file), { recursive: true }),
    deny: (file) => chmod(join(path, file), 0),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
