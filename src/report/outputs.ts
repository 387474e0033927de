import type { Finding } from '../health/finding.ts'
import type { Change } from '../remedy/remedy.ts'
import type { Report } from './report.ts'
import { breachedNodes, nodeCounts } from './view/headline.ts'
import { severity } from './view/severity.ts'

/** GitHub refuses a job's outputs beyond 1 MB together (as UTF-16), so that each list is held well under it. */
const LIST_LIMIT = 100_000
const NAMES_LIMIT = 150_000

/** The outputs of the action, by name. All are strings, as outputs are; lists and objects are JSON. */
export interface Outputs {
  verdict: string
  /** Path of the JSON report; '' if none was written. */
  report: string
  /** `{ findings: [...], omitted: n }` without those that are ok, worst first. */
  findings: string
  'nodes-checked': string
  'nodes-unknown': string
  /** JSON list of names, worst first: all of some 4,000 AKS nodes. The report has them all. */
  'nodes-breached': string
  /** Highest conntrack use in percent; '' when none was measured. */
  'worst-conntrack-percent': string
  /** Highest number of TIME-WAIT sockets; '' when none was measured. */
  'worst-time-wait': string
  /** `{ changes: [...], omitted: n }`, in the order in which they were made. */
  changes: string
}

/** What a workflow can read after the run. */
export function outputs(report: Report, reportPath: string): Outputs {
  const counts = nodeCounts(report)
  return {
    verdict: report.judgement.verdict,
    report: reportPath,
    findings: findingsOutput(report),
    'nodes-checked': String(counts.read),
    'nodes-unknown': String(counts.unread),
    'nodes-breached': namesOutput(breachedNodes(report)),
    'worst-conntrack-percent': worst(report, 'conntrack-usage'),
    'worst-time-wait': worst(report, 'time-wait'),
    changes: changesOutput(report.fix?.changes ?? []),
  }
}

function findingsOutput(report: Report): string {
  const notable = report.findings
    .filter(({ status }) => status !== 'ok' && status !== 'not-made')
    .toSorted((a, b) => severity(a) - severity(b))
  const { kept, omitted } = fitting(notable.map(briefly))
  return `{"findings":[${kept.join(',')}],"omitted":${omitted}}`
}

/** A finding without its evidence, which stands in the report. */
function briefly({ check, status, subject, summary, value, threshold, decides, advice }: Finding): object {
  return { check, status, subject, summary, value, threshold, decides, advice }
}

function changesOutput(changes: readonly Change[]): string {
  const { kept, omitted } = fitting(changes)
  return `{"changes":[${kept.join(',')}],"omitted":${omitted}}`
}

function namesOutput(names: readonly string[]): string {
  return `[${fitting(names, NAMES_LIMIT).kept.join(',')}]`
}

/** The first items whose JSON fits, and how many were left out. */
function fitting(items: readonly unknown[], limit = LIST_LIMIT): { kept: string[]; omitted: number } {
  const kept: string[] = []
  let size = 0
  for (const item of items) {
    const json = JSON.stringify(item)
    size += json.length + 1
    if (size > limit) break
    kept.push(json)
  }
  return { kept, omitted: items.length - kept.length }
}

function worst(report: Report, check: Finding['check']): string {
  const values = report.findings.flatMap((finding) => {
    const measured = finding.check === check && finding.status !== 'unknown' && finding.status !== 'not-made'
    return measured && finding.value !== undefined ? [finding.value] : []
  })
  if (values.length === 0) return ''
  const highest = values.reduce((most, value) => Math.max(most, value))
  return String(Math.floor(highest * 100 + 1e-6) / 100)
}
