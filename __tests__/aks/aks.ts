import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Authenticator, administrator, createAuthenticator } from './auth.ts'
import type { SmallAzure } from './azure/azure.ts'
import type { PoolMachines } from './azure/pool-nodes.ts'
import { startControllers } from './controllers/controllers.ts'
import { createEvents } from './events.ts'
import { kubeconfigFor } from './kubeconfig.ts'
import { poolMachines, startMachines } from './machines.ts'
import { putObjects } from './objects-at-start.ts'
import { tellPodEvents } from './pod-events.ts'
import { loadSchema } from './schema.ts'
import { startServer } from './server.ts'
import { MemoryStore } from './store.ts'
import { createAuthority } from './tls.ts'
import type { AksOptions, CertificateAuthority, NodeSpec, SmallAks, UserSpec } from './types.ts'

export { namespacesPossible } from './node-runtime/index.ts'
export type * from './types.ts'

const defaultNodes: NodeSpec[] = [0, 1, 2].map((index) => ({ name: `aks-np1-${index}`, pool: 'np1' }))

/** Who local accounts of the cluster sign in as. */
const localAccount: UserSpec = { name: 'masterclient', groups: ['system:masters'] }

/** Starts a small AKS: control plane, nodes and, when asked for, the Azure around it. */
export async function startAks(options: AksOptions = {}): Promise<SmallAks> {
  const started = new AsyncDisposableStack()
  try {
    return await start(options, started)
  } catch (error) {
    await started.disposeAsync()
    throw error
  }
}

/** What runs is put on `started`, in the order in which it is not to be stopped. */
async function start(options: AksOptions, started: AsyncDisposableStack): Promise<SmallAks> {
  const kubernetesVersion = options.kubernetesVersion ?? 'v1.34.1'
  const ca = createAuthority()
  const events = createEvents()
  const store = new MemoryStore(
    options.watchHistory === undefined ? {} : { watchHistory: options.watchHistory },
  )
  const directory = options.azure && (await import('./azure/directory.ts')).createDirectory(options.azure)
  const authenticator = createAuthenticator(
    [...(options.users ?? [administrator]), localAccount],
    (token) => options.authenticate?.(token) ?? directory?.authenticate(token),
  )
  started.defer(tellPodEvents(store, events))
  putObjects(store, options.objects ?? [])
  const machines = await startMachines({
    store,
    events,
    kubernetesVersion,
    phaseDelayMs: options.phaseDelayMs,
  })
  started.defer(machines.stop)
  started.defer(startControllers(store, options.admit))
  loadSchema('Pod')
  await machines.add(options.nodes ?? defaultNodes)
  const server = await startServer({
    api: { store, admission: options.admit, kubernetesVersion },
    ca,
    hostNames: options.hostNames ?? [],
    authenticator,
    events,
    bookmarkMs: options.bookmarkMs ?? 60_000,
  })
  started.defer(server.close)
  const address = `https://127.0.0.1:${server.listener.port}`
  const folder = mkdtempSync(join(tmpdir(), 'small-aks-'))
  started.defer(() => rmSync(folder, { recursive: true, force: true }))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.certificate)
  const azure =
    directory &&
    (await startAzureFor(options, directory, {
      address,
      ca,
      authenticator,
      machines: poolMachines(store, machines),
    }))
  if (azure) started.defer(azure.stop)
  let stopping: Promise<void> | undefined

  return {
    server: address,
    caFile,
    ca,
    kubeconfig: (user = options.users?.[0]?.name ?? administrator.name, how = {}) =>
      kubeconfigFor(address, ca, authenticator.user(user), how),
    requests: server.requests,
    store,
    events,
    ...(azure && { azure }),
    node: machines.node,
    addNode: (spec) => machines.add([spec]),
    removeNode: machines.remove,
    loseNode: machines.lose,
    misbehave: server.rules.add,
    goAway: server.listener.goAway,
    comeBack: server.listener.comeBack,
    closeWatches: () => {
      for (const watch of server.watches) watch.close()
    },
    sendBookmarks: () => {
      for (const watch of server.watches) watch.bookmark()
    },
    stop: () => (stopping ??= started.disposeAsync()),
  }
}

async function startAzureFor(
  options: AksOptions,
  directory: SmallAzure['directory'],
  cluster: {
    address: string
    ca: CertificateAuthority
    authenticator: Authenticator
    machines: PoolMachines
  },
): Promise<SmallAzure> {
  const { address, ca, authenticator, machines } = cluster
  const { startAzure } = await import('./azure/azure.ts')
  const localKubeconfig = (server: string | undefined) =>
    kubeconfigFor(address, ca, authenticator.user(localAccount.name), {
      credential: 'certificate',
      ...(server !== undefined && { server }),
    })
  const kubernetes = { server: address, ca, localKubeconfig, machines }
  return startAzure(options.azure, { directory, ca, kubernetes })
}
