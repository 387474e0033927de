import { readFileSync } from 'node:fs'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/** Deadline of one call to GitHub in milliseconds. */
const CALL_TIMEOUT = 20_000
const PAGE = 100
const MOST_PAGES = 10

/** Where issues and comments go, and with which token. */
export interface GithubOptions {
  /** The job's token or another one; needs the permission that the feature names. */
  token: string
  env?: NodeJS.ProcessEnv
}

/** What is needed of an issue or comment to find it again. */
export interface Post {
  id: number
  body?: string | null | undefined
  user?: { type?: string | undefined } | null
  author_association?: string | undefined
}

export type Octokit = ReturnType<typeof import('@actions/github')['getOctokit']>

/** A client of the API of this GitHub (github.com or an Enterprise Server) and the repository of the run. */
export interface Github {
  octokit: Octokit
  repo: { owner: string; repo: string }
  /** Options of one call: its deadline. */
  readonly call: () => { request: { signal: AbortSignal } }
}

/**
 * Makes a client. The library is loaded only here, as few runs need it.
 * @throws when the environment names no repository.
 */
export async function connectGithub({ token, env = process.env }: GithubOptions): Promise<Github> {
  const [owner, repo] = (env.GITHUB_REPOSITORY ?? '').split('/')
  if (!owner || !repo) throw new Error('$GITHUB_REPOSITORY does not name a repository')
  const { getOctokit } = await import('@actions/github')
  const octokit = getOctokit(token, {
    baseUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
    // Failed calls are told once and as a warning; the library would print each of them besides.
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
  const call = () => ({ request: { signal: AbortSignal.timeout(CALL_TIMEOUT) } })
  return { octokit, repo: { owner, repo }, call }
}

/** The number of the pull request that the run belongs to; undefined for other events. */
export function pullRequestNumber(env: NodeJS.ProcessEnv = process.env): number | undefined {
  if (!env.GITHUB_EVENT_PATH) return undefined
  const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8')) as {
    pull_request?: { number?: unknown }
  }
  const number = event.pull_request?.number
  return typeof number === 'number' ? number : undefined
}

/** The first post with the marker that a bot or a member wrote; pages are asked for until it is found. */
export async function findPost<T extends Post>(
  page: (number: number, size: number) => Promise<T[]>,
  marker: string,
): Promise<T | undefined> {
  for (let number = 1; number <= MOST_PAGES; number++) {
    const posts = await page(number, PAGE)
    const found = posts.find((post) => post.body?.startsWith(marker) === true && isTrusted(post))
    if (found !== undefined || posts.length < PAGE) return found
  }
  return undefined
}

/** Anybody can write a comment with the marker in it; only ours is written over. */
function isTrusted({ user, author_association: association }: Post): boolean {
  return user?.type === 'Bot' || ['OWNER', 'MEMBER', 'COLLABORATOR'].includes(association ?? '')
}

/**
 * Does what need not succeed: a failure is a warning and changes nothing else. One for want of rights names
 * the permission that the job lacks.
 */
export async function attempt(
  what: string,
  permission: string,
  log: Logger,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
    const lacking = status === 403 || status === 404
    const next = lacking ? ` Add "permissions: ${permission}: write" to the job.` : ''
    log.warning(`${what} was not written: ${messageOf(error)}.${next} The verdict is not affected.`)
  }
}
