import type { Container, Pod } from '../objects.ts'
import { ContainerConfigError, type Privileges, privilegesOf } from './privileges.ts'

/** A container as it is going to be started: everything resolved. */
export interface ContainerRun {
  name: string
  argv: string[]
  env: Record<string, string>
  workingDir: string
  privileges: Privileges
  /** Path inside the container. */
  messagePath: string
  /** Take the end of the output as termination message when a failed container wrote none. */
  messageFromOutput: boolean
  volumes: { source: string; target: string; writable: boolean }[]
}

/** What a container sees of its node and of what its pod shares. */
export interface ContainerSurroundings {
  hostIP: string
  /** Folder of an emptyDir volume of the pod. */
  volumeFolder(volume: string): string
}

/**
 * Resolves a container of a pod the way a kubelet does. Throws {@link ContainerConfigError} for what the
 * kubelet refuses and for what these nodes cannot do, such as a volume that is no emptyDir.
 */
export function resolveContainer(
  pod: Pod,
  container: Container,
  around: ContainerSurroundings,
): ContainerRun {
  const env: Record<string, string> = {}
  for (const entry of container.env ?? []) {
    const field = entry.valueFrom?.fieldRef?.fieldPath
    if (entry.valueFrom && field === undefined) {
      throw new ContainerConfigError(`environment variable ${entry.name}: only fieldRef is supported`)
    }
    env[entry.name] = field === undefined ? expand(entry.value ?? '', env) : fieldOf(pod, field, around)
  }
  const argv = [...(container.command ?? []), ...(container.args ?? [])].map((word) => expand(word, env))
  return {
    name: container.name,
    argv: argv.length > 0 ? argv : ['sh'],
    env,
    workingDir: container.workingDir ?? '/',
    privileges: privilegesOf(pod, container),
    messagePath: container.terminationMessagePath ?? '/dev/termination-log',
    messageFromOutput: container.terminationMessagePolicy === 'FallbackToLogsOnError',
    volumes: (container.volumeMounts ?? []).map((mount) => {
      const volume = pod.spec.volumes?.find((candidate) => candidate.name === mount.name)
      if (!volume?.emptyDir)
        throw new ContainerConfigError(`volume ${mount.name}: only emptyDir is supported`)
      const source = around.volumeFolder(mount.name)
      return { source, target: mount.mountPath, writable: mount.readOnly !== true }
    }),
  }
}

/** `$(NAME)` becomes the variable's value, `$$(NAME)` the text `$(NAME)`; unknown names stay as they are. */
function expand(text: string, env: Record<string, string>): string {
  return text.replace(
    /\$(\$\([^)]*\))|\$\(([^)]*)\)/g,
    (whole, escaped: string | undefined, name: string) => {
      return escaped ?? env[name] ?? whole
    },
  )
}

function fieldOf(pod: Pod, path: string, around: ContainerSurroundings): string {
  const quoted = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (quoted?.[1] && quoted[2]) {
    return (quoted[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[quoted[2]] ?? ''
  }
  const fields: Record<string, string | undefined> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName,
    'status.hostIP': around.hostIP,
    'status.podIP': around.hostIP,
  }
  const value = fields[path]
  if (value === undefined) throw new ContainerConfigError(`fieldPath ${path} is not supported`)
  return value
}
