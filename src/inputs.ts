import { resolve } from 'node:path'
import { UserError } from './errors.ts'
import type { Policy, Thresholds } from './health/finding.ts'
import { FieldReader } from './inputs/field-reader.ts'
import { GUID, NAMESPACE, NODE_NAME, POOL_NAME, SERVICE, SYSCTL } from './inputs/forms.ts'
import { readThresholds } from './inputs/thresholds.ts'
import { REMEDIES, type RemedyId } from './remedy/remedy.ts'

/** Everything that a user can set, typed, checked and complete. Read once, by the entry. */
export interface Inputs {
  cluster: {
    kubeconfig: string
    context: string
    /** Present when the cluster is named in Azure. */
    aks?: { name: string; resourceGroup: string; subscriptionId: string }
  }
  azure: {
    clientId: string
    tenantId: string
    cloud: 'public' | 'us-government' | 'china'
    oidcAudience: string
    admin: boolean
    expectedClusterId: string
    privateCluster: 'auto' | 'direct' | 'run-command'
  }
  scope: { nodeSelector: string; nodePools: string[]; nodes: string[] }
  thresholds: Thresholds
  policy: Policy
  probe: {
    sampleSeconds: number
    namespace: string
    image: string
    concurrency: number
    nodeTimeoutSeconds: number
    timeoutSeconds: number
    podDetail: boolean
  }
  fix: {
    remedies: RemedyId[]
    scope: 'breached' | 'all'
    dryRun: boolean
    conntrackMax: number
    twReuse: number
    maxTwBuckets: number
    services: string[]
    forceServices: boolean
    settleSeconds: number
    restoreFrom: string
  }
  nodePool: {
    strategy: 'update' | 'replace'
    /** YAML or JSON text; checked by the remedy against the names and ranges of AKS. */
    linuxOsSysctls: string
    allowedUnsafeSysctls: string[]
    maxPools: number
    drainTimeoutMinutes: number
  }
  tell: {
    summary: 'always' | 'on-failure' | 'never'
    style: 'full' | 'brief'
    reportPath: string
    junitPath: string
    sarifPath: string
    issueOnBreach: boolean
    commentOnPullRequest: boolean
    /** '' outside of a job. */
    githubToken: string
  }
}

/**
 * Reads all inputs.
 * @param get value of an input, '' when it is not set; the runner has put action.yml's defaults in.
 * @param environment only $AZURE_SUBSCRIPTION_ID is looked at.
 * @throws UserError with every problem in one message.
 */
export function readInputs(
  get: (name: string) => string,
  environment: Record<string, string | undefined> = {},
): Inputs {
  const read = new FieldReader(get)
  const fix = readFix(read)
  const inputs: Inputs = {
    cluster: readCluster(read, environment),
    azure: readAzure(read),
    scope: {
      nodeSelector: read.text('node-selector'),
      nodePools: read.list('node-pools', POOL_NAME),
      nodes: read.list('nodes', NODE_NAME),
    },
    thresholds: readThresholds(read),
    policy: {
      failOn: read.choice('fail-on', ['critical', 'warning', 'never'], 'critical'),
      unknownNodesAllowed: read.integer('unknown-nodes-allowed', 0, 100_000, 0),
    },
    probe: readProbe(read, fix.remedies),
    fix,
    nodePool: {
      strategy: read.choice('node-pool-strategy', ['update', 'replace'], 'update'),
      linuxOsSysctls: read.text('linux-os-sysctls'),
      allowedUnsafeSysctls: read.list('kubelet-allowed-unsafe-sysctls', SYSCTL),
      maxPools: read.integer('max-pools', 1, 100, 1),
      drainTimeoutMinutes: read.integer('drain-timeout-minutes', 1, 1440, 30),
    },
    tell: {
      summary: read.choice('summary', ['always', 'on-failure', 'never'], 'always'),
      style: read.choice('summary-style', ['full', 'brief'], 'full'),
      reportPath: read.text('report-path'),
      junitPath: read.text('junit-path'),
      sarifPath: read.text('sarif-path'),
      issueOnBreach: read.boolean('issue-on-breach', false),
      commentOnPullRequest: read.boolean('comment-on-pull-request', false),
      githubToken: read.text('github-token'),
    },
  }
  rejectContradictions(read, inputs)
  if (read.problems.length > 0) throw badInputs(read.problems)
  return inputs
}

function readCluster(read: FieldReader, environment: Record<string, string | undefined>): Inputs['cluster'] {
  const cluster: Inputs['cluster'] = { kubeconfig: read.text('kubeconfig'), context: read.text('context') }
  const name = read.pattern('cluster-name', /^[\w-]{1,63}$/, 'a cluster name of letters, digits, - and _')
  const resourceGroup = read.pattern('resource-group', /^[-\w.()]{1,90}$/, 'a resource group name')
  const subscriptionId = read.pattern(
    'subscription-id',
    GUID.pattern,
    GUID.is,
    name === '' ? '' : (environment.AZURE_SUBSCRIPTION_ID ?? ''),
  )
  if (name === '') {
    if (resourceGroup !== '') read.conflict('resource-group: it is given without cluster-name')
    return cluster
  }
  if (resourceGroup === '') read.conflict('resource-group: it is needed with cluster-name')
  if (subscriptionId === '') read.conflict('subscription-id: it is needed with cluster-name')
  if (cluster.kubeconfig !== '') read.conflict('kubeconfig: give either kubeconfig or cluster-name, not both')
  return { ...cluster, aks: { name, resourceGroup, subscriptionId } }
}

function readAzure(read: FieldReader): Inputs['azure'] {
  return {
    clientId: read.pattern('client-id', GUID.pattern, GUID.is),
    tenantId: read.pattern('tenant-id', /^[\w.-]{1,255}$/, 'a tenant id or domain'),
    cloud: read.choice('azure-cloud', ['public', 'us-government', 'china'], 'public'),
    oidcAudience: read.text('oidc-audience'),
    admin: read.boolean('admin', false),
    expectedClusterId: read.pattern(
      'expected-cluster-id',
      /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters\/[^/]+$/i,
      'a full resource id: /subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/…',
    ),
    privateCluster: read.choice('private-cluster', ['auto', 'direct', 'run-command'], 'auto'),
  }
}

function readProbe(read: FieldReader, remedies: RemedyId[]): Inputs['probe'] {
  return {
    sampleSeconds: read.integer('sample-seconds', 0, 60, 2),
    namespace: read.pattern('namespace', NAMESPACE.pattern, NAMESPACE.is, 'kube-system'),
    image: read.pattern(
      'image',
      /^[\w.\-/:@]{1,512}$/,
      'an image reference',
      'mcr.microsoft.com/azurelinux/busybox:1.36',
    ),
    concurrency: read.integer('concurrency', 1, 500, 50),
    nodeTimeoutSeconds: read.integer('node-timeout-seconds', 5, 600, 60),
    timeoutSeconds: read.integer('timeout-seconds', 10, 21_600, defaultTimeoutSeconds(remedies)),
    podDetail: read.boolean('pod-detail', false),
  }
}

/** A job ends after six hours at the latest; a replaced node pool can take that long. */
function defaultTimeoutSeconds(remedies: RemedyId[]): number {
  if (remedies.includes('node-pool')) return 21_000
  return remedies.length > 0 ? 3600 : 600
}

function readFix(read: FieldReader): Inputs['fix'] {
  return {
    remedies: read.choices('fix', REMEDIES),
    scope: read.choice('fix-scope', ['breached', 'all'], 'breached'),
    dryRun: read.boolean('dry-run', false),
    conntrackMax: read.integer('conntrack-max', 131_072, 4_194_304, 262_144),
    twReuse: read.integer('tw-reuse', 1, 2, 1),
    maxTwBuckets: read.integer('max-tw-buckets', 8000, 2_000_000, 2_000_000),
    services: read.list('services', SERVICE),
    forceServices: read.boolean('force-services', false),
    settleSeconds: read.integer('settle-seconds', 0, 1800, 120),
    restoreFrom: read.text('restore-from'),
  }
}

function rejectContradictions(read: FieldReader, inputs: Inputs): void {
  const { remedies, services, forceServices, restoreFrom } = inputs.fix
  if (remedies.includes('service-policy') && services.length === 0) {
    read.conflict('services: it is needed with fix: service-policy; name the services as namespace/name')
  }
  if (services.includes('*') && !forceServices) {
    read.conflict('services: "*" is only allowed with force-services: true')
  }
  if (remedies.includes('restore') && remedies.length > 1) {
    read.conflict('fix: restore stands alone; run the other remedies in a step of their own')
  }
  if (remedies.includes('restore') && restoreFrom === '') {
    read.conflict('restore-from: it is needed with fix: restore; give the path of the report to undo')
  }
  if (remedies.includes('node-pool') && inputs.cluster.aks === undefined) {
    read.conflict('cluster-name: it is needed with fix: node-pool, as node pools are changed through Azure')
  }
  if ((inputs.azure.clientId === '') !== (inputs.azure.tenantId === '')) {
    read.conflict('client-id, tenant-id: give both or neither')
  }
  if (inputs.scope.nodeSelector.length > 2000)
    read.conflict('node-selector: it is longer than 2000 characters')
  if (inputs.probe.sampleSeconds >= inputs.probe.nodeTimeoutSeconds) {
    read.conflict('sample-seconds: it must be less than node-timeout-seconds, or no node answers in time')
  }
  rejectSameFile(read, inputs.tell, remedies.includes('restore') ? restoreFrom : '')
}

/** One form of the report would take the place of another, of the JSON report too that a fix is undone from. */
function rejectSameFile(read: FieldReader, tell: Inputs['tell'], restoreFrom: string): void {
  const files = new Map(restoreFrom === '' ? [] : [[resolve(restoreFrom), 'restore-from']])
  const paths = { 'report-path': tell.reportPath, 'junit-path': tell.junitPath, 'sarif-path': tell.sarifPath }
  for (const [name, path] of Object.entries(paths)) {
    if (path === '') continue
    const other = files.get(resolve(path))
    if (other !== undefined) read.conflict(`${name}: it names the same file as ${other}`)
    files.set(resolve(path), name)
  }
}

function badInputs(problems: string[]): UserError {
  const head = problems.length === 1 ? 'An input is wrong' : `${problems.length} inputs are wrong`
  return new UserError(`${head}:\n${problems.map((each) => `  ${each}`).join('\n')}`, {
    next: 'Correct the `with:` block of the step. Every input is described in the README under "Inputs".',
    docs: 'README.md#inputs',
  })
}
