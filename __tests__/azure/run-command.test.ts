import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AksConnection } from '../../src/azure/connect-aks.ts'
import type { Command, CommandResult } from '../../src/azure/run-command.ts'
import { type SmallAks, startAks } from '../aks/aks.ts'
import type { SmallAzure } from '../aks/azure/azure.ts'
import { connect, trust } from './support.ts'

let aks: SmallAks
let azure: SmallAzure

beforeAll(async () => {
  aks = await startAks({
    nodes: [{ name: 'aks-np1-0', ready: false }],
    azure: {
      clusters: [
        { name: 'shop', private: true },
        { name: 'certificates', private: true, entra: false },
        { name: 'full', private: true, runCommandFault: 'unschedulable' },
        { name: 'strict', private: true, runCommandFault: 'refused-by-policy' },
        { name: 'sealed', private: true, runCommandDisabled: true },
      ],
    },
  })
  if (aks.azure === undefined) throw new Error('there is no Azure')
  azure = aks.azure
  trust(azure.ca.certificate)
})

afterAll(async () => aks.stop())

function reached(name = 'shop'): Promise<AksConnection> {
  return connect(azure, { name, privateCluster: 'run-command' })
}

async function run(command: Command, name?: string): Promise<CommandResult> {
  const connection = await reached(name)
  if (connection.runCommand === undefined) throw new Error('there is no run command')
  return connection.runCommand(command, { timeoutMs: 20_000, intervalMs: 10 })
}

describe('a command that AKS runs in the cluster', () => {
  test('gives its output and its exit code, whatever that is', async () => {
    await expect(run({ command: 'echo out; echo err >&2; exit 3' })).resolves.toEqual({
      exitCode: 3,
      logs: expect.stringMatching(/^(out\nerr\n|err\nout\n)$/),
      cut: false,
    })
  })

  test('finds its files in the folder that it runs in', async () => {
    const files = { 'sweep.sh': 'cat list.txt\n', 'list.txt': 'one\ntwo — drei\n' }
    await expect(run({ command: 'sh sweep.sh', files })).resolves.toMatchObject({
      exitCode: 0,
      logs: 'one\ntwo — drei\n',
    })
  })

  test('says that its output is cut when it is longer than AKS keeps', async () => {
    const result = await run({ command: "head -c 600000 /dev/zero | tr '\\0' x" })
    expect(result).toMatchObject({ exitCode: 0, cut: true })
    expect(result.logs.length).toBe(512 * 1024)
  })

  test('talks to the API server as the identity of the run', async () => {
    aks.requests.length = 0
    const result = await run({ command: 'kubectl get nodes -o name' })
    expect(result).toEqual({ exitCode: 0, logs: 'node/aks-np1-0\n', cut: false })
    expect(aks.requests.map(({ method, path, user }) => [method, path, user])).toEqual([
      ['GET', '/api/v1/nodes', '0b1ec700-bbbb-cccc-dddd-eeeeeeeeeeee'],
    ])
  })

  test('creates, finds by label and deletes what a sweep needs', async () => {
    const map = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { run: 'r1' } },
      data: { key: 'a b' },
    })
    const files = {
      'all.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [map('one'), map('two')] }),
    }
    const command = [
      'kubectl create -n kube-system -f all.json',
      'kubectl get configmaps -n kube-system -l run=r1 -o jsonpath=\'{range .items[*]}{.metadata.name}{"\\t"}{.data.key}{"\\n"}{end}\'',
      'kubectl delete configmaps -n kube-system -l run=r1 --wait=false',
      'kubectl get configmaps -n kube-system -l run=r1 -o name',
    ].join(' && ')
    await expect(run({ command, files })).resolves.toMatchObject({
      exitCode: 0,
      logs: 'configmap/one created\nconfigmap/two created\none\ta b\ntwo\ta b\nconfigmap "one" deleted\nconfigmap "two" deleted\n',
    })
  })

  test('is refused by the API server what the identity may not do, in the words of kubectl', async () => {
    const [application] = azure.directory.applications
    if (application === undefined) throw new Error('no application')
    application.kubernetes = { rules: [] }
    const result = await run({ command: 'kubectl get nodes' })
    delete application.kubernetes
    expect(result.exitCode).toBe(1)
    expect(result.logs).toMatch(
      /^Error from server \(Forbidden\): nodes is forbidden: User ".*" cannot list resource "nodes"/,
    )
  })

  test('needs no token where Entra ID does not decide', async () => {
    azure.calls.length = 0
    await expect(run({ command: 'kubectl get nodes -o name' }, 'certificates')).resolves.toMatchObject({
      exitCode: 0,
    })
    const [post] = azure.calls.filter(({ path }) => path.endsWith('/runCommand'))
    expect(JSON.parse(post?.body ?? '{}')).toEqual({ command: 'kubectl get nodes -o name' })
  })

  test('needs neither the credentials of the cluster nor the right to get them', async () => {
    azure.calls.length = 0
    await run({ command: 'true' })
    expect(azure.calls.filter(({ path }) => path.includes('Credential'))).toEqual([])
  })
})

describe('a command that cannot be run', () => {
  test.each([
    ['full', /did not start within/, /60 seconds to start; it needs 200m CPU/],
    ['strict', /admission webhook .* denied/, /Exempt the namespace aks-command/],
    ['sealed', /run command is disabled/, /three ways out/],
  ])('says why in the cluster %s, and what to do', async (name, message, next) => {
    await expect(run({ command: 'true' }, name)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(message),
      next: expect.stringMatching(next),
    })
  })

  test('names the right that is missing', async () => {
    const [application] = azure.directory.applications
    if (application === undefined) throw new Error('no application')
    application.actions = ['Microsoft.ContainerService/managedClusters/read']
    await expect(run({ command: 'true' })).rejects.toMatchObject({
      message: expect.stringMatching(
        /lacks the right Microsoft\.ContainerService\/managedClusters\/runCommand\/action/,
      ),
      next: expect.stringMatching(
        /^Assign it a role with Microsoft\.ContainerService\/managedClusters\/runCommand\/action/,
      ),
    })
    delete application.actions
  })

  test('is given up at its deadline', async () => {
    const { runCommand } = await reached()
    await expect(runCommand?.({ command: 'sleep 30' }, { timeoutMs: 300, intervalMs: 50 })).rejects.toThrow(
      /has not ended in time/,
    )
  })
})

describe('a private cluster with private-cluster: auto', () => {
  test('is reached by run command when its API server is out of reach, and the log says why', async () => {
    const bed = await startAks({
      nodes: [{ name: 'aks-np1-0', ready: false }],
      azure: {
        clusters: [
          { name: 'shop', private: true, server: 'https://shop.privatelink.westeurope.azmk8s.invalid:443' },
        ],
      },
    })
    if (bed.azure === undefined) throw new Error('there is no Azure')
    trust(bed.azure.ca.certificate)
    const connection = await connect(bed.azure)
    expect(connection.route).toBe('run-command')
    const result = await connection.runCommand?.(
      { command: 'kubectl get nodes -o name' },
      { timeoutMs: 20_000, intervalMs: 10 },
    )
    expect(result?.logs).toBe('node/aks-np1-0\n')
    await expect(connect(bed.azure, { privateCluster: 'direct' })).rejects.toThrow(/cannot be reached/)
    await bed.stop()
  })

  test('is reached directly when its API server answers here', async () => {
    await expect(connect(azure)).resolves.toMatchObject({
      route: 'direct',
      facts: { private: true, server: aks.server },
    })
  })
})
