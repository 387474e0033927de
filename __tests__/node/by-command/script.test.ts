import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { parseAnswer } from '../../../src/node/by-command/answer.ts'
import { commandOrder } from '../../../src/node/by-command/order.ts'
import { type SmallAks, startAks } from '../../aks/aks.ts'
import { requireJq } from '../../support/require-jq.ts'

requireJq()
jest.setTimeout(60_000)

const options = {
  namespace: 'kube-system',
  image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
  runId: 'run-1',
  pass: 'audit-1',
  sampleSeconds: 0,
  nodeTimeoutSeconds: 30,
  timeoutMs: 60_000,
  scope: { nodePools: [], nodes: [] },
  after: '',
}
const KUBECTL = fileURLToPath(new URL('../../aks/azure/kubectl.ts', import.meta.url))

let folder: string
let aks: SmallAks

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-script-'))
})
afterEach(async () => {
  await aks.stop()
  rmSync(folder, { recursive: true })
})

/** Starts the script in a folder of its own, as in the pod of AKS. */
function start(): {
  child: ChildProcess
  ended: Promise<{ code: number | null; output: string }>
} {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const kubectl = join(bin, 'kubectl')
  writeFileSync(
    kubectl,
    `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${KUBECTL}' "$@"\n`,
  )
  chmodSync(kubectl, 0o755)
  writeFileSync(join(folder, 'kubeconfig'), aks.kubeconfig())
  for (const [name, content] of Object.entries(commandOrder(options).files))
    writeFileSync(join(folder, name), content)
  const child = spawn('sh', ['sweep.sh'], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env.PATH}`, KUBECONFIG: join(folder, 'kubeconfig') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }))
  })
  return { child, ended }
}

const podsThere = () =>
  aks.store.list('pods', { namespace: 'kube-system' }).map(({ metadata }) => metadata.name)

describe('the script in the cluster', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('removes its pods when %s ends it', async (signal) => {
    aks = await startAks({
      nodes: [
        { name: 'a', fault: 'dead' },
        { name: 'b', fault: 'dead' },
      ],
    })
    const bothThere = aks.events.once('pod-created', () => podsThere().length === 2)
    const { child, ended } = start()
    await bothThere
    child.kill(signal)
    const { code, output } = await ended
    expect([code, output]).toEqual([143, ''])
    expect(podsThere()).toEqual([])
  })

  test('evaluates nothing of what the cluster tells', async () => {
    const mark = join(folder, 'evaluated')
    const attack = `$(touch ${mark})\`touch ${mark}\`'; touch ${mark}; "`
    aks = await startAks({
      nodes: [
        { name: 'a', labels: { 'kubernetes.azure.com/agentpool': attack }, fault: { message: attack } },
        { name: 'b', taints: [{ key: attack, value: attack, effect: 'NoSchedule' }] },
      ],
      objects: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: attack, namespace: 'x' },
          spec: { type: 'NodePort', ports: [{ port: 1 }] },
        } as never,
      ],
    })
    const answer = parseAnswer((await start().ended).output, 'run-1')
    expect(existsSync(mark)).toBe(false)
    expect(answer.nodes.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect(answer.pods.size).toBe(2)
    expect(answer.services).toHaveLength(1)
    expect(answer.complaint).toBe('')
  })

  test('complains to nobody of a cluster where all is well', async () => {
    aks = await startAks({ nodes: [{ name: 'a' }] })
    const { code, output } = await start().ended
    const answer = parseAnswer(output, 'run-1')
    expect([code, answer.complaint, answer.complete]).toEqual([0, '', true])
    expect(answer.removal).toEqual({ left: [] })
    expect(podsThere()).toEqual([])
  })

  test('says which pods it could not remove, and why', async () => {
    aks = await startAks({ nodes: [{ name: 'a' }] })
    aks.misbehave({ match: { method: 'DELETE' }, do: { status: 500, body: { message: 'etcd is away' } } })
    const answer = parseAnswer((await start().ended).output, 'run-1')
    expect(answer.pods.size).toBe(1)
    expect(answer.removal?.left).toEqual(podsThere())
    expect(answer.removal?.why).toContain('etcd is away')
  })

  test('is one that the shell takes', () => {
    const { files } = commandOrder(options)
    writeFileSync(join(folder, 'sweep.sh'), files['sweep.sh'] ?? '')
    execFileSync('sh', ['-n', 'sweep.sh'], { cwd: folder })
    aks = { stop: async () => {} } as SmallAks
  })
})
