import { CHECKS, type CheckId, type Finding } from '../health/finding.ts'
import { oneLine } from './clean.ts'
import { CHECK_TITLES, subjectName } from './labels.ts'
import type { Report } from './report.ts'

/** GitHub takes 25,000 results of a run and shows 5,000 of them. */
const MOST_RESULTS = 5000

const LEVELS = { critical: 'error', unknown: 'warning', warning: 'warning' } as const
type Notable = keyof typeof LEVELS

/** The report as SARIF 2.1.0, for code scanning: a rule per check, a result per breach and per unread node. */
export function sarif(report: Report): string {
  const notable = report.findings.flatMap((finding) => (isNotable(finding) ? [finding] : []))
  const ordered = notable.toSorted((a, b) => rank(a.status) - rank(b.status))
  const { failure } = report
  return `${JSON.stringify(
    {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: driver(report) },
          automationDetails: { id: `aks-connection-health/${uri(report.cluster.name || 'cluster')}/` },
          invocations: [
            {
              executionSuccessful: failure === undefined,
              startTimeUtc: report.run.startedAt,
              endTimeUtc: report.run.finishedAt,
              ...(failure !== undefined && {
                toolExecutionNotifications: [
                  { level: 'error', message: { text: oneLine(failure.message, 1000) } },
                ],
              }),
            },
          ],
          results: ordered.slice(0, MOST_RESULTS).map((finding) => result(finding, report)),
        },
      ],
    },
    undefined,
    2,
  )}\n`
}

function isNotable(finding: Finding): finding is Finding & { status: Notable } {
  return finding.status in LEVELS && (finding.status !== 'unknown' || finding.decides)
}

function rank(status: Notable): number {
  return Object.keys(LEVELS).indexOf(status)
}

function driver({ tool }: Report): object {
  return {
    name: tool.name,
    semanticVersion: tool.version,
    rules: CHECKS.map((check: CheckId) => ({
      id: check,
      name: check.replace(/(^|-)([a-z])/g, (_, _dash: string, letter: string) => letter.toUpperCase()),
      shortDescription: { text: CHECK_TITLES[check] },
    })),
  }
}

function result(finding: Finding & { status: Notable }, { cluster }: Report): object {
  const name = oneLine(subjectName(finding.subject), 253)
  const advice = finding.advice === undefined ? '' : ` ${oneLine(finding.advice, 1000)}`
  return {
    ruleId: finding.check,
    ruleIndex: CHECKS.indexOf(finding.check),
    level: LEVELS[finding.status],
    message: { text: `${name}: ${oneLine(finding.summary)}.${advice}` },
    locations: [
      {
        // Code scanning shows results at files: a cluster has none, so that each subject stands for one.
        physicalLocation: {
          artifactLocation: {
            uri: `${uri(cluster.name || 'cluster')}/${uri(finding.subject.kind)}/${uri(name)}`,
          },
          region: { startLine: 1 },
        },
        logicalLocations: [{ name, kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'aksConnectionHealth/v1': `${finding.check} ${finding.subject.kind} ${name}` },
  }
}

/** One segment of a path. */
function uri(segment: string): string {
  return encodeURIComponent(oneLine(segment, 253).replaceAll('\uFFFD', '_'))
}
