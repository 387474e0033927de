/** What is known of the cluster apart from its nodes' readings: context for the report. */
export interface ClusterFacts {
  /** API server address, `https://host:port`. */
  server: string
  /** Name for people: the AKS cluster's name, or the kubeconfig's context. */
  name: string
  /** Full ARM resource id; absent for a cluster that was reached by kubeconfig. */
  id?: string
  kubernetesVersion?: string
  /** e.g. `Base/Standard`, `Automatic/Standard`. */
  sku?: string
  location?: string
  private?: boolean
  /** `azure`, `cilium`, …; absent where nothing says so. */
  dataplane?: string
  /** Whether kube-proxy runs in the cluster; absent where that could not be found out. */
  kubeProxy?: boolean
  /** Why the dataplane could not be found out; absent where it could. */
  dataplaneUnknown?: string
  pools?: PoolFacts[]
}

/** One AKS node pool as ARM tells it. */
export interface PoolFacts {
  name: string
  vmSize?: string
  mode?: string
  osType?: string
  count?: number
  powerState?: string
  provisioningState?: string
  /** Current `linuxOSConfig.sysctls`, keys as in ARM (`netNetfilterNfConntrackMax`, …). */
  sysctls?: Record<string, number | boolean | string>
}
