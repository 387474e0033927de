import { CHECKS, type CheckId, type Finding } from '../health/finding.ts'
import { oneLine } from './clean.ts'
import { CHECK_TITLES, subjectName } from './labels.ts'
import type { Report } from './report.ts'

/** As a test case ends: a failure is a breach, an error is something that is not known. */
type Outcome = 'passed' | 'failure' | 'error' | 'skipped'

/** The report as JUnit XML: a suite per check, a case per node, service or pool. For test reporters and dashboards. */
export function junit(report: Report): string {
  const byCheck = Map.groupBy(report.findings, (finding) => finding.check)
  const suites = CHECKS.map((check) => suite(check, byCheck.get(check) ?? [], report))
  const all = [...suites, ...failureSuite(report)]
  const name = attribute(`connection health of ${report.cluster.name}`)
  const lines = all.map(({ xml }) => xml)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${name}" ${totals(all)}>\n${lines.join('')}</testsuites>\n`
}

interface Suite {
  xml: string
  tests: number
  failures: number
  errors: number
  skipped: number
}

function suite(check: CheckId, findings: readonly Finding[], report: Report): Suite {
  const cases = findings.map((finding) => ({ finding, outcome: outcomeOf(finding, report) }))
  const body = cases.map(({ finding, outcome }) => caseXml(check, finding, outcome)).join('')
  return suiteOf(
    `${check}: ${CHECK_TITLES[check]}`,
    cases.map(({ outcome }) => outcome),
    body,
  )
}

/** A run that ended early must not look like one without findings. */
function failureSuite({ failure }: Report): Suite[] {
  if (failure === undefined) return []
  const body = `    <testcase classname="run" name="the run came to its end">\n      <error message="${attribute(failure.message)}">${content(failure.next)}</error>\n    </testcase>\n`
  return [suiteOf('run', ['error'], body)]
}

function suiteOf(name: string, outcomes: readonly Outcome[], body: string): Suite {
  const of = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length
  const numbers = {
    tests: outcomes.length,
    failures: of('failure'),
    errors: of('error'),
    skipped: of('skipped'),
  }
  return {
    ...numbers,
    xml: `  <testsuite name="${attribute(name)}" ${totals([numbers])}>\n${body}  </testsuite>\n`,
  }
}

function totals(suites: readonly Omit<Suite, 'xml'>[]): string {
  return (['tests', 'failures', 'errors', 'skipped'] as const)
    .map((name) => `${name}="${suites.reduce((sum, one) => sum + one[name], 0)}"`)
    .join(' ')
}

function outcomeOf({ status, decides }: Finding, { policy }: Report): Outcome {
  switch (status) {
    case 'ok':
      return 'passed'
    case 'critical':
      return 'failure'
    case 'warning':
      return policy.failOn === 'warning' ? 'failure' : 'passed'
    case 'unknown':
      return decides ? 'error' : 'skipped'
    case 'not-made':
      return 'skipped'
  }
}

function caseXml(check: CheckId, finding: Finding, outcome: Outcome): string {
  const open = `    <testcase classname="${check}" name="${attribute(subjectName(finding.subject))}"`
  const said = attribute(finding.summary)
  switch (outcome) {
    case 'passed':
      return `${open}>\n      <system-out>${content(`${finding.status}: ${finding.summary}`)}</system-out>\n    </testcase>\n`
    case 'skipped':
      return `${open}>\n      <skipped message="${said}"/>\n    </testcase>\n`
    case 'failure':
    case 'error':
      return `${open}>\n      <${outcome} type="${finding.status}" message="${said}">${content(finding.advice ?? '')}</${outcome}>\n    </testcase>\n`
  }
}

function attribute(value: string): string {
  return xml(oneLine(value, 1000)).replaceAll('"', '&quot;')
}

function content(value: string): string {
  return xml(oneLine(value, 4000))
}

/** {@link oneLine} has taken out what XML cannot hold: control characters and lone surrogates. */
function xml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
