import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { GithubOptions } from '../../src/github/client.ts'
import { syncComment } from '../../src/github/comment.ts'
import { syncIssue } from '../../src/github/issue.ts'
import { silent } from '../../src/log.ts'
import { commentText, issueText } from '../../src/report/sticky.ts'
import { SAMPLES } from '../report/sample-reports.ts'
import { FakeGithub } from './fake-github.ts'

const folder = mkdtempSync(join(tmpdir(), 'ach-posts-'))
const warnings: string[] = []
const log = { ...silent, warning: (message: string) => void warnings.push(message) }
let github: FakeGithub
let options: GithubOptions

beforeEach(async () => {
  warnings.length = 0
  github = new FakeGithub()
  const event = join(folder, 'event.json')
  writeFileSync(event, JSON.stringify({ pull_request: { number: 7 } }))
  const env = { GITHUB_API_URL: await github.start(), GITHUB_REPOSITORY: 'o/r', GITHUB_EVENT_PATH: event }
  options = { token: 'secret', env }
})

afterEach(() => github.stop())

describe('the issue of a cluster', () => {
  test('is opened by the first bad run and written over by the next', async () => {
    await syncIssue(SAMPLES.critical(), options, log)
    await syncIssue(SAMPLES.unknown(), options, log)
    expect(github.issues).toHaveLength(1)
    expect(github.issues[0]?.title).toBe('Connection health of prod-weu')
    expect(github.issues[0]?.body).toBe(issueText(SAMPLES.unknown()).body)
    expect(warnings).toEqual([])
  })

  test('is closed with a comment by a good run', async () => {
    await syncIssue(SAMPLES.critical(), options, log)
    await syncIssue(SAMPLES.healthy(), options, log)
    expect(github.issues[0]?.state).toBe('closed')
    expect(github.comments.get(1)?.[0]?.body).toContain('**Healthy**: all 12 nodes of prod-weu are within')
  })

  test('is not opened by a good run', async () => {
    await syncIssue(SAMPLES.healthy(), options, log)
    expect(github.requests).toEqual(['GET /repos/o/r/issues'])
  })

  test('of another cluster is left alone', async () => {
    const other = SAMPLES.critical()
    await syncIssue({ ...other, cluster: { ...other.cluster, id: '/subscriptions/other' } }, options, log)
    await syncIssue(SAMPLES.critical(), options, log)
    await syncIssue(SAMPLES.healthy(), options, log)
    expect(github.issues.map(({ state }) => state)).toEqual(['open', 'closed'])
  })

  test('that a stranger forged is not written over', async () => {
    const forged = { user: { type: 'User' }, author_association: 'NONE' }
    github.issues.push(github.post(issueText(SAMPLES.critical()).body, forged))
    await syncIssue(SAMPLES.critical(), options, log)
    expect(github.issues).toHaveLength(2)
  })

  test('is found on a later page', async () => {
    for (let i = 0; i < 130; i++) github.issues.push(github.post(`other ${i}`))
    github.issues.push(github.post(issueText(SAMPLES.critical()).body))
    await syncIssue(SAMPLES.critical(), options, log)
    expect(github.issues).toHaveLength(131)
  })

  test('that may not be written is a warning that names the permission', async () => {
    github.refuseWith = 403
    await syncIssue(SAMPLES.critical(), options, log)
    expect(warnings).toEqual([expect.stringMatching(/not accessible.*"permissions: issues: write"/)])
  })
})

describe('the comment on a pull request', () => {
  test('is written once and then written over', async () => {
    await syncComment(SAMPLES.critical(), options, log)
    await syncComment(SAMPLES.healthy(), options, log)
    const comments = github.comments.get(7) ?? []
    expect(comments.map(({ body }) => body)).toEqual([commentText(SAMPLES.healthy()).body])
    expect(github.requests.at(-1)).toBe('PATCH /repos/o/r/issues/comments/1')
    expect(warnings).toEqual([])
  })

  test('is not written where there is no pull request', async () => {
    writeFileSync(join(folder, 'event.json'), '{"schedule":"0 3 * * *"}')
    await syncComment(SAMPLES.critical(), options, log)
    expect(github.requests).toEqual([])
    expect(warnings).toEqual([])
  })

  test('that may not be written is a warning that names the permission', async () => {
    github.refuseWith = 403
    await syncComment(SAMPLES.critical(), options, log)
    expect(warnings).toEqual([expect.stringMatching(/"permissions: pull-requests: write"/)])
  })

  test('is a warning where GitHub cannot be reached', async () => {
    const env = { ...options.env, GITHUB_API_URL: 'http://127.0.0.1:9' }
    await syncComment(SAMPLES.critical(), { ...options, env }, log)
    expect(warnings).toEqual([expect.stringMatching(/^The comment was not written: .*not affected\.$/)])
  })
})

test('both stay within what GitHub takes, for 5,000 nodes too', () => {
  const report = SAMPLES['large-cluster']()
  for (const { body, marker } of [issueText(report), commentText(report)]) {
    expect(body.length).toBeLessThan(65_536)
    expect(body.startsWith(marker)).toBe(true)
  }
})
