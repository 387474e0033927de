import { ArmRefusal, type ArmRequest, type ArmRoute, type ArmService } from './arm.ts'
import { CLUSTER, clusterOf } from './clusters.ts'
import { AKS_SERVER_APP, type Directory } from './directory.ts'
import type { ClusterSpec, KubernetesSide, Reply } from './types.ts'

/** Kubeconfigs as ARM gives them out: for users, and for the local administrator. */
export function credentialRoutes(
  service: ArmService,
  directory: Directory,
  specs: ClusterSpec[],
  kubernetes: KubernetesSide,
): ArmRoute[] {
  const specOf = (call: ArmRequest): ClusterSpec => {
    const { body } = clusterOf(service, call)
    const spec = specs.find(({ name }) => name === body.name)
    if (spec === undefined) throw new Error(`no spec for the cluster ${String(body.name)}`)
    return spec
  }
  const scope = (path: string) => path.replace(/\/listCluster\w+$/i, '')
  const user = (call: ArmRequest): Reply => {
    const spec = specOf(call)
    if (spec.entra === false) return kubeconfig('clusterUser', kubernetes.localKubeconfig(spec.server))
    const { format = 'azure' } = call.query
    if (format !== 'exec' && format !== 'azure')
      throw new ArmRefusal(400, 'BadRequest', `format ${format} is not known`)
    return kubeconfig('clusterUser', entraKubeconfig(spec, directory, kubernetes, format))
  }
  const admin = (call: ArmRequest): Reply => {
    const spec = specOf(call)
    if (spec.localAccountsDisabled) {
      throw new ArmRefusal(
        400,
        'BadRequest',
        "Getting static credential isn't allowed because this cluster is set to disable local accounts.",
      )
    }
    return kubeconfig('clusterAdmin', kubernetes.localKubeconfig(spec.server))
  }
  return [
    {
      method: 'POST',
      path: new RegExp(`${CLUSTER}/listclusterusercredential`),
      action: 'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
      scope,
      serve: user,
    },
    {
      method: 'POST',
      path: new RegExp(`${CLUSTER}/listclusteradmincredential`),
      action: 'Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action',
      scope,
      serve: admin,
    },
  ]
}

function kubeconfig(name: string, content: string): Reply {
  return { status: 200, body: { kubeconfigs: [{ name, value: Buffer.from(content).toString('base64') }] } }
}

function entraKubeconfig(
  spec: ClusterSpec,
  directory: Directory,
  kubernetes: KubernetesSide,
  format: 'exec' | 'azure',
): string {
  const user = `clusterUser_rg_${spec.name}`
  const args = [
    'get-token',
    '--environment',
    'AzurePublicCloud',
    '--server-id',
    AKS_SERVER_APP,
    '--client-id',
    '80faf920-1908-4b52-b5ef-a8e7bedfc67a',
    '--tenant-id',
    directory.tenantId,
    '--login',
    'devicecode',
  ]
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: 'kubelogin',
    args,
    env: null,
    installHint: 'kubelogin is not installed which is required to connect to AAD enabled cluster.',
    provideClusterInfo: false,
  }
  const old = {
    name: 'azure',
    config: {
      'apiserver-id': AKS_SERVER_APP,
      'client-id': '80faf920-1908-4b52-b5ef-a8e7bedfc67a',
      'config-mode': '1',
      environment: 'AzurePublicCloud',
      'tenant-id': directory.tenantId,
    },
  }
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': spec.name,
    clusters: [
      {
        name: spec.name,
        cluster: {
          server: spec.server ?? kubernetes.server,
          'certificate-authority-data': Buffer.from(kubernetes.ca.certificate).toString('base64'),
        },
      },
    ],
    contexts: [{ name: spec.name, context: { cluster: spec.name, user } }],
    users: [{ name: user, user: format === 'exec' ? { exec } : { 'auth-provider': old } }],
    preferences: {},
  })
}
