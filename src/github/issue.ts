import type { Logger } from '../log.ts'
import type { Report } from '../report/report.ts'
import { isAlarm, issueText, recoveryText } from '../report/sticky.ts'
import { attempt, connectGithub, findPost, type Github, type GithubOptions } from './client.ts'

/** Label by which the issues are listed; it is made with the first of them. */
const LABEL = 'aks-connection-health'

/**
 * Keeps one open issue for a cluster that is not well: opened by the first run that finds it so, written over
 * by every later one, closed with a comment by the run that finds it well. Needs `issues: write`. Never rejects.
 */
export async function syncIssue(report: Report, options: GithubOptions, log: Logger): Promise<void> {
  await attempt('The issue', 'issues', log, async () => {
    const github = await connectGithub(options)
    const wanted = issueText(report)
    const open = await findPost((page, size) => openIssues(github, page, size), wanted.marker)
    if (!isAlarm(report)) {
      if (open !== undefined) await close(github, open.number, recoveryText(report), log)
      return
    }
    const { octokit, repo, call } = github
    const { title, body } = wanted
    const written =
      open === undefined
        ? await octokit.rest.issues.create({ ...repo, title, body, labels: [LABEL], ...call() })
        : await octokit.rest.issues.update({ ...repo, issue_number: open.number, title, body, ...call() })
    log.info(`Issue ${open === undefined ? 'opened' : 'brought up to date'}: ${written.data.html_url}`)
  })
}

async function openIssues({ octokit, repo, call }: Github, page: number, size: number) {
  const { data } = await octokit.rest.issues.listForRepo({
    ...repo,
    state: 'open',
    labels: LABEL,
    page,
    per_page: size,
    ...call(),
  })
  return data
}

async function close(
  { octokit, repo, call }: Github,
  number: number,
  body: string,
  log: Logger,
): Promise<void> {
  await octokit.rest.issues.createComment({ ...repo, issue_number: number, body, ...call() })
  await octokit.rest.issues.update({
    ...repo,
    issue_number: number,
    state: 'closed',
    state_reason: 'completed',
    ...call(),
  })
  log.info(`Issue ${number} closed: the cluster is well again.`)
}
