/** A Service that takes traffic from outside, as far as its traffic policy goes. */
export interface ServiceInfo {
  namespace: string
  name: string
  type: 'LoadBalancer' | 'NodePort'
  /** `spec.externalTrafficPolicy`. */
  policy: 'Cluster' | 'Local'
  resourceVersion: string
}
