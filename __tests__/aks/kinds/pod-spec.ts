/** Defaults and validation of pod specs, alone and in templates. */
import type { Container, PodSpec } from '../objects.ts'
import type { FieldProblem } from '../status.ts'
import { isSubdomain, SUBDOMAIN_TEXT } from './rules.ts'

export function defaultPodSpec(spec: PodSpec): PodSpec {
  const containers = spec.containers.map((container) => defaultContainer(container, spec.hostNetwork))
  return {
    ...spec,
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec.dnsPolicy ?? 'ClusterFirst',
    securityContext: spec.securityContext ?? {},
    schedulerName: spec.schedulerName ?? 'default-scheduler',
    ...(spec.initContainers && {
      initContainers: spec.initContainers.map((container) => defaultContainer(container, spec.hostNetwork)),
    }),
    containers,
  }
}

function defaultContainer(container: Container, hostNetwork: boolean | undefined): Container {
  return {
    ...container,
    ...(container.ports && {
      ports: container.ports.map((port) => ({
        protocol: 'TCP',
        ...(hostNetwork && { hostPort: port.containerPort }),
        ...port,
      })),
    }),
    resources: container.resources ?? {},
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'File',
    imagePullPolicy:
      container.imagePullPolicy ??
      (/:[^/]+$|@/.test(container.image) && !container.image.endsWith(':latest') ? 'IfNotPresent' : 'Always'),
  }
}

function nodeNameProblems({ nodeName }: PodSpec, field: string): FieldProblem[] {
  if (!nodeName || isSubdomain(nodeName)) return []
  return [{ field: `${field}.nodeName`, type: 'Invalid value', value: nodeName, detail: SUBDOMAIN_TEXT }]
}

/** All that is wrong with a spec; `field` is its place in the object, e.g. `spec`. */
export function podSpecProblems(spec: PodSpec, field: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  if (spec.containers.length === 0) problems.push({ field: `${field}.containers`, type: 'Required value' })
  const names = new Set<string>()
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      problems.push(...containerProblems(container, `${field}.${list}[${index}]`, spec, names))
    }
  }
  problems.push(...policyProblems(spec, field), ...nodeNameProblems(spec, field))
  for (const [index, toleration] of (spec.tolerations ?? []).entries()) {
    if (!toleration.key && toleration.operator !== 'Exists') {
      problems.push({
        field: `${field}.tolerations[${index}].operator`,
        type: 'Invalid value',
        value: toleration.operator ?? '',
        detail: 'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      })
    }
    if (toleration.operator === 'Exists' && toleration.value) {
      problems.push({
        field: `${field}.tolerations[${index}].operator`,
        type: 'Invalid value',
        value: toleration.value,
        detail: "value must be empty when `operator` is 'Exists'",
      })
    }
  }
  return problems
}

function policyProblems(spec: PodSpec, field: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  if (!['Always', 'OnFailure', 'Never'].includes(spec.restartPolicy ?? 'Always')) {
    problems.push({
      field: `${field}.restartPolicy`,
      type: 'Unsupported value',
      value: spec.restartPolicy,
      detail: 'supported values: "Always", "OnFailure", "Never"',
    })
  }
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && (!Number.isInteger(deadline) || deadline < 1 || deadline > 2147483647)) {
    problems.push({
      field: `${field}.activeDeadlineSeconds`,
      type: 'Invalid value',
      value: deadline,
      detail: 'must be between 1 and 2147483647, inclusive',
    })
  }
  const grace = spec.terminationGracePeriodSeconds
  if (grace !== undefined && grace < 0) {
    problems.push({
      field: `${field}.terminationGracePeriodSeconds`,
      type: 'Invalid value',
      value: grace,
      detail: 'must be greater than or equal to 0',
    })
  }
  return problems
}

const quantity = /^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][0-9]+)?$/

function containerProblems(
  container: Container,
  field: string,
  spec: PodSpec,
  names: Set<string>,
): FieldProblem[] {
  const problems: FieldProblem[] = []
  if (!container.name) problems.push({ field: `${field}.name`, type: 'Required value' })
  else if (names.has(container.name)) {
    problems.push({ field: `${field}.name`, type: 'Duplicate value', value: container.name })
  } else if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(container.name)) {
    problems.push({ field: `${field}.name`, type: 'Invalid value', value: container.name })
  }
  names.add(container.name)
  if (!container.image) problems.push({ field: `${field}.image`, type: 'Required value' })
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name))
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    if (!volumes.has(mount.name)) {
      problems.push({ field: `${field}.volumeMounts[${index}].name`, type: 'Not found', value: mount.name })
    }
  }
  return [...problems, ...resourceProblems(container, field), ...privilegeProblems(container, field)]
}

function resourceProblems(container: Container, field: string): FieldProblem[] {
  const { requests = {}, limits = {} } = container.resources ?? {}
  const badNumbers = [
    ...Object.entries(requests).map(([name, value]) => ({ at: `requests.${name}`, value })),
    ...Object.entries(limits).map(([name, value]) => ({ at: `limits.${name}`, value })),
  ].filter(({ value }) => !quantity.test(value))
  const tooMuch = Object.entries(requests).filter(([name, value]) => {
    const limit = limits[name]
    return limit !== undefined && quantityOf(value) > quantityOf(limit)
  })
  return [
    ...badNumbers.map(
      ({ at, value }): FieldProblem => ({
        field: `${field}.resources.${at}`,
        type: 'Invalid value',
        value,
        detail: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      }),
    ),
    ...tooMuch.map(
      ([name, value]): FieldProblem => ({
        field: `${field}.resources.requests`,
        type: 'Invalid value',
        value,
        detail: `must be less than or equal to ${name} limit of ${limits[name]}`,
      }),
    ),
  ]
}

function privilegeProblems(container: Container, field: string): FieldProblem[] {
  const security = container.securityContext
  if (security?.allowPrivilegeEscalation !== false) return []
  const detail = security.privileged
    ? 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'
    : 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'
  const added = security.capabilities?.add ?? []
  if (!security.privileged && !added.includes('CAP_SYS_ADMIN')) return []
  return [{ field: `${field}.securityContext`, type: 'Invalid value', value: security, detail }]
}

const units: Record<string, number> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A Kubernetes quantity as a number. */
export function quantityOf(text: string): number {
  const match = /^([0-9.]+)([a-zA-Z]*)$/.exec(text)
  return match ? Number(match[1]) * (units[match[2] ?? ''] ?? 1) : Number(text)
}
