import type { Logger } from '../log.ts'
import type { Report } from '../report/report.ts'
import { commentText } from '../report/sticky.ts'
import {
  attempt,
  connectGithub,
  findPost,
  type Github,
  type GithubOptions,
  pullRequestNumber,
} from './client.ts'

/**
 * Keeps one comment on the pull request of the run, written over by every later run on the same cluster.
 * Needs `pull-requests: write`. Never rejects; says so where there is no pull request.
 */
export async function syncComment(report: Report, options: GithubOptions, log: Logger): Promise<void> {
  await attempt('The comment', 'pull-requests', log, async () => {
    const number = pullRequestNumber(options.env)
    if (number === undefined) {
      log.info('There is no pull request to comment on: the event of this run is another one.')
      return
    }
    const github = await connectGithub(options)
    const { marker, body } = commentText(report)
    const present = await findPost((page, size) => comments(github, number, page, size), marker)
    const { octokit, repo, call } = github
    const written =
      present === undefined
        ? await octokit.rest.issues.createComment({ ...repo, issue_number: number, body, ...call() })
        : await octokit.rest.issues.updateComment({ ...repo, comment_id: present.id, body, ...call() })
    log.info(`Comment ${present === undefined ? 'written' : 'brought up to date'}: ${written.data.html_url}`)
  })
}

async function comments({ octokit, repo, call }: Github, number: number, page: number, size: number) {
  const { data } = await octokit.rest.issues.listComments({
    ...repo,
    issue_number: number,
    page,
    per_page: size,
    ...call(),
  })
  return data
}
