/** Pod Security admission: the levels baseline and restricted, in the words of Kubernetes. */
import type { Container, Pod, PodSpec } from '../objects.ts'

type Check = (spec: PodSpec, containers: Container[]) => string | undefined

const baseline: Check[] = [
  addedCapabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  privileged,
  procMount,
  seccompBaseline,
  sysctls,
]
const restricted: Check[] = [
  privilegeEscalation,
  unrestrictedCapabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsRootUser,
  seccompRestricted,
]

/** Why a pod violates the level that its namespace enforces; undefined when it does not. */
export function podSecurityRefusal(pod: Pod, labels: Record<string, string>): string | undefined {
  const level = labels['pod-security.kubernetes.io/enforce'] ?? 'privileged'
  if (level === 'privileged') return undefined
  const version = labels['pod-security.kubernetes.io/enforce-version'] ?? 'latest'
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const replaced = new Set<Check>(
    level === 'restricted' ? [addedCapabilities, hostPathVolumes, seccompBaseline] : [],
  )
  const checks = [
    ...baseline.filter((check) => !replaced.has(check)),
    ...(level === 'restricted' ? restricted : []),
  ]
  const violations = checks.map((check) => check(pod.spec, containers)).filter((text) => text !== undefined)
  return violations.length > 0
    ? `violates PodSecurity "${level}:${version}": ${violations.join(', ')}`
    : undefined
}

function naming(containers: Container[]): string {
  return `${containers.length > 1 ? 'containers' : 'container'} ${containers.map(({ name }) => `"${name}"`).join(', ')}`
}

function quoted(values: Iterable<string>): string {
  return [...new Set(values)].map((value) => `"${value}"`).join(', ')
}

const defaultCapabilities = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
)

function addedCapabilities(_spec: PodSpec, containers: Container[]): string | undefined {
  const extra = (container: Container) =>
    (container.securityContext?.capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name))
  const bad = containers.filter((container) => extra(container).length > 0)
  if (bad.length === 0) return undefined
  return `non-default capabilities (${naming(bad)} must not include ${quoted(bad.flatMap(extra).sort())} in securityContext.capabilities.add)`
}

function hostNamespaces(spec: PodSpec): string | undefined {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field])
  return used.length > 0 ? `host namespaces (${used.map((field) => `${field}=true`).join(', ')})` : undefined
}

function hostPathVolumes(spec: PodSpec): string | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => 'hostPath' in volume)
  if (bad.length === 0) return undefined
  return `hostPath volumes (${bad.length > 1 ? 'volumes' : 'volume'} ${quoted(bad.map(({ name }) => name))})`
}

function hostPorts(_spec: PodSpec, containers: Container[]): string | undefined {
  const bad = containers.filter((container) => container.ports?.some((port) => port.hostPort))
  if (bad.length === 0) return undefined
  const ports = [
    ...new Set(bad.flatMap((container) => (container.ports ?? []).flatMap(({ hostPort }) => hostPort ?? []))),
  ]
  return `hostPort (${naming(bad)} ${bad.length > 1 ? 'use' : 'uses'} ${ports.length > 1 ? 'hostPorts' : 'hostPort'} ${ports.join(', ')})`
}

function privileged(_spec: PodSpec, containers: Container[]): string | undefined {
  const bad = containers.filter((container) => container.securityContext?.privileged)
  return bad.length > 0
    ? `privileged (${naming(bad)} must not set securityContext.privileged=true)`
    : undefined
}

function procMount(_spec: PodSpec, containers: Container[]): string | undefined {
  const bad = containers.filter(
    ({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default',
  )
  const values = quoted(bad.map(({ securityContext }) => securityContext?.procMount ?? ''))
  return bad.length > 0
    ? `procMount (${naming(bad)} must not set securityContext.procMount to ${values})`
    : undefined
}

function seccompBaseline(spec: PodSpec, containers: Container[]): string | undefined {
  const unconfined = (profile: { type: string } | undefined) => profile?.type === 'Unconfined'
  const bad = containers.filter(({ securityContext }) => unconfined(securityContext?.seccompProfile))
  const who = [
    ...(unconfined(spec.securityContext?.seccompProfile) ? ['pod'] : []),
    ...(bad.length > 0 ? [naming(bad)] : []),
  ]
  if (who.length === 0) return undefined
  return `seccompProfile (${who.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined")`
}

const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

function sysctls(spec: PodSpec): string | undefined {
  const bad = (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name)
    .filter((name) => !safeSysctls.has(name))
  return bad.length > 0 ? `forbidden sysctls (${bad.join(', ')})` : undefined
}

function privilegeEscalation(_spec: PodSpec, containers: Container[]): string | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
  if (bad.length === 0) return undefined
  return `allowPrivilegeEscalation != false (${naming(bad)} must set securityContext.allowPrivilegeEscalation=false)`
}

function unrestrictedCapabilities(_spec: PodSpec, containers: Container[]): string | undefined {
  const undropped = containers.filter(
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
  )
  const extra = (container: Container) =>
    (container.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
  const adding = containers.filter((container) => extra(container).length > 0)
  const reasons = [
    ...(undropped.length > 0
      ? [`${naming(undropped)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [
          `${naming(adding)} must not include ${quoted(adding.flatMap(extra).sort())} in securityContext.capabilities.add`,
        ]
      : []),
  ]
  return reasons.length > 0 ? `unrestricted capabilities (${reasons.join('; ')})` : undefined
}

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

function restrictedVolumes(spec: PodSpec): string | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !allowedVolumes.some((type) => type in volume))
  if (bad.length === 0) return undefined
  const types = new Set(bad.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name')))
  const plural = bad.length > 1
  return `restricted volume types (${plural ? 'volumes' : 'volume'} ${quoted(bad.map(({ name }) => name))} ${plural ? 'use' : 'uses'} restricted volume ${types.size > 1 ? 'types' : 'type'} ${quoted(types)})`
}

function runAsNonRoot(spec: PodSpec, containers: Container[]): string | undefined {
  const pod = spec.securityContext?.runAsNonRoot
  const explicit = containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === false)
  if (pod === false) return 'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)'
  if (explicit.length > 0)
    return `runAsNonRoot != true (${naming(explicit)} must not set securityContext.runAsNonRoot=false)`
  const unset = containers.filter(({ securityContext }) => !securityContext?.runAsNonRoot)
  if (pod || unset.length === 0) return undefined
  return `runAsNonRoot != true (pod or ${naming(unset)} must set securityContext.runAsNonRoot=true)`
}

function runAsRootUser(spec: PodSpec, containers: Container[]): string | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.runAsUser === 0)
  const who = [
    ...(spec.securityContext?.runAsUser === 0 ? ['pod'] : []),
    ...(bad.length > 0 ? [naming(bad)] : []),
  ]
  return who.length > 0 ? `runAsUser=0 (${who.join(' and ')} must not set runAsUser=0)` : undefined
}

function seccompRestricted(spec: PodSpec, containers: Container[]): string | undefined {
  const good = (profile: { type: string } | undefined) =>
    profile?.type === 'RuntimeDefault' || profile?.type === 'Localhost'
  const wrong = containers.filter(
    ({ securityContext }) => securityContext?.seccompProfile && !good(securityContext.seccompProfile),
  )
  if (wrong.length > 0) {
    return `seccompProfile (${naming(wrong)} must not set securityContext.seccompProfile.type to ${quoted(wrong.map(({ securityContext }) => securityContext?.seccompProfile?.type ?? ''))})`
  }
  if (good(spec.securityContext?.seccompProfile)) return undefined
  const unset = containers.filter(({ securityContext }) => !securityContext?.seccompProfile)
  if (unset.length === 0) return undefined
  return `seccompProfile (pod or ${naming(unset)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`
}
