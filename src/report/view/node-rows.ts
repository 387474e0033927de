import type { CheckId, Finding, Status } from '../../health/finding.ts'
import type { NodeResult } from '../../node/reading.ts'
import { known } from '../labels.ts'
import { severity } from './severity.ts'

/** A number of a node with the status of the check that looked at it; undefined: not measured. */
export interface Cell {
  value: number | undefined
  status: Status
}

/** What there is to say about one node that was read. */
export interface NodeRow {
  name: string
  pool: string
  cordoned: boolean
  status: Status
  /** Percent of the table; `entries` and `max` are the raw numbers of the last read (max 0: no limit). */
  conntrack: Cell & { entries: number | undefined; max: number | undefined }
  /** Packets lost and entries refused per second. */
  drops: Cell
  /** max / buckets. */
  ratio: Cell
  timeWait: Cell
  twReuse: Cell
  /** Percent of the local port range towards the busiest destination. */
  ports: Cell
  findings: readonly Finding[]
}

/** Rows of the nodes that were read, worst first. */
export function nodeRows(nodes: readonly NodeResult[], findings: readonly Finding[]): NodeRow[] {
  const byNode = findingsByNode(findings)
  const rows = nodes.flatMap((node) => (node.kind === 'read' ? [rowOf(node, byNode)] : []))
  return rows.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (b.conntrack.value ?? -1) - (a.conntrack.value ?? -1) ||
      (b.timeWait.value ?? -1) - (a.timeWait.value ?? -1) ||
      (a.name < b.name ? -1 : 1),
  )
}

/** Findings by the name of the node that they concern. */
export function findingsByNode(findings: readonly Finding[]): Map<string, Finding[]> {
  const byNode = new Map<string, Finding[]>()
  for (const finding of findings) {
    if (finding.subject.kind !== 'node') continue
    const list = byNode.get(finding.subject.name)
    if (list) list.push(finding)
    else byNode.set(finding.subject.name, [finding])
  }
  return byNode
}

type Read = Extract<NodeResult, { kind: 'read' }>

function rowOf({ node, reading }: Read, byNode: Map<string, Finding[]>): NodeRow {
  const findings = byNode.get(node.name) ?? []
  const of = (check: CheckId): Cell => {
    const finding = findings.find((one) => one.check === check)
    const measured = finding !== undefined && finding.status !== 'unknown' && finding.status !== 'not-made'
    return { value: measured ? finding.value : undefined, status: finding?.status ?? 'not-made' }
  }
  const reads = [reading.second, reading.first].map((sample) => known(sample?.conntrackCount))
  const entries = reads.filter((value) => value !== undefined)
  return {
    name: node.name,
    pool: node.pool,
    cordoned: !node.schedulable,
    status: statusOf(findings),
    conntrack: {
      ...of('conntrack-usage'),
      entries: entries.length > 0 ? Math.max(...entries) : undefined,
      max: known(reading.sysctls['net.netfilter.nf_conntrack_max']),
    },
    drops: of('conntrack-drops'),
    ratio: of('conntrack-buckets'),
    timeWait: of('time-wait'),
    twReuse: of('tw-reuse'),
    ports: of('port-usage'),
    findings,
  }
}

/** The status of a node as its findings give it; an `unknown` that decides nothing leaves a node ok. */
function statusOf(findings: readonly Finding[]): Status {
  const made = findings.filter((finding) => finding.status !== 'not-made')
  const deciding = made.filter((finding) => finding.status !== 'unknown' || finding.decides)
  const worst = deciding.toSorted((a, b) => severity(a) - severity(b))[0]
  return worst?.status ?? (made.length > 0 ? 'ok' : 'unknown')
}

function rank(row: NodeRow): number {
  return severity({ status: row.status, decides: true })
}

/** The rows that do not fit into a table, per pool: name, number, and how many of them are not ok. */
export function restPerPool(rest: readonly NodeRow[]): { pool: string; nodes: number; notOk: number }[] {
  return [...Map.groupBy(rest, (row) => row.pool)]
    .map(([pool, rows]) => ({
      pool,
      nodes: rows.length,
      notOk: rows.filter((row) => row.status !== 'ok').length,
    }))
    .toSorted((a, b) => b.notOk - a.notOk || b.nodes - a.nodes || (a.pool < b.pool ? -1 : 1))
}
