import type { Container, Pod } from '../objects.ts'

/** What a container runtime grants a root process that is not privileged (containerd's default). */
const DEFAULT_CAPABILITIES = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'net_raw',
  'sys_chroot',
  'mknod',
  'audit_write',
  'setfcap',
]

/** What a container may do. */
export interface Privileges {
  uid: number
  gid: number
  groups: number[]
  privileged: boolean
  /** Lower case, without CAP_; all of them for a privileged container. */
  capabilities: string[] | 'all'
  noNewPrivileges: boolean
  readOnlyRoot: boolean
}

/** The reason and message with which a kubelet refuses to make a container. */
export class ContainerConfigError extends Error {
  readonly reason = 'CreateContainerConfigError'
}

/**
 * Works out what the securityContexts of pod and container grant. The image runs as root unless they say
 * otherwise. Throws {@link ContainerConfigError} with the kubelet's own text when it must not.
 */
export function privilegesOf(pod: Pod, container: Container): Privileges {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  const uid = own.runAsUser ?? shared.runAsUser ?? 0
  if ((own.runAsNonRoot ?? shared.runAsNonRoot ?? false) && uid === 0) {
    const asked = (own.runAsUser ?? shared.runAsUser) === undefined
    const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`
    throw new ContainerConfigError(
      asked
        ? `container has runAsNonRoot and image will run as root ${where}`
        : `container's runAsUser breaks non-root policy ${where}`,
    )
  }
  return {
    uid,
    gid: own.runAsGroup ?? shared.runAsGroup ?? 0,
    groups: [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])],
    privileged: own.privileged === true,
    capabilities: own.privileged === true ? 'all' : capabilitiesOf(own.capabilities),
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    readOnlyRoot: own.readOnlyRootFilesystem === true,
  }
}

function capabilitiesOf(wanted: { add?: string[]; drop?: string[] } | undefined): string[] | 'all' {
  const plain = (names: string[] = []) => names.map((name) => name.toLowerCase().replace(/^cap_/, ''))
  const add = plain(wanted?.add)
  const drop = plain(wanted?.drop)
  if (add.includes('all')) return 'all'
  const kept = drop.includes('all') ? [] : DEFAULT_CAPABILITIES.filter((name) => !drop.includes(name))
  return [...new Set([...kept, ...add])]
}

/** Arguments of setpriv that leave a process with exactly these privileges. */
export function setprivArguments(privileges: Privileges): string[] {
  const { uid, gid, groups, capabilities, noNewPrivileges } = privileges
  const args = ['--reuid', String(uid), '--regid', String(gid)]
  args.push(...(groups.length > 0 ? ['--groups', groups.join(',')] : ['--clear-groups']))
  args.push('--inh-caps=-all')
  if (capabilities !== 'all') {
    args.push(`--bounding-set=${['-all', ...capabilities.map((name) => `+${name}`)].join(',')}`)
  }
  if (noNewPrivileges) args.push('--no-new-privs')
  return args
}
