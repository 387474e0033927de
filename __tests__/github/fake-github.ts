import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Post {
  id: number
  number: number
  title?: string
  body: string
  state: 'open' | 'closed'
  labels: string[]
  user: { type: string }
  author_association: string
}

/** The part of GitHub's API that issues and comments need, with its paging, on a port of this machine. */
export class FakeGithub {
  readonly requests: string[] = []
  readonly issues: Post[] = []
  readonly comments = new Map<number, Post[]>()
  /** Status with which every write is refused; 0: none is. */
  refuseWith = 0
  #server: Server | undefined

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
    })
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  post(body: string, more: Partial<Post> = {}): Post {
    const id = 1 + this.issues.length + [...this.comments.values()].flat().length
    const labels = ['aks-connection-health']
    const bot = { user: { type: 'Bot' }, author_association: 'NONE' }
    return { id, number: id, body, state: 'open', labels, ...bot, ...more }
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake')
    const sent = await bodyOf(request)
    this.requests.push(`${request.method} ${pathname}`)
    if (request.headers.authorization !== 'token secret')
      return { status: 401, body: { message: 'Bad credentials' } }
    if (request.method !== 'GET' && this.refuseWith > 0) {
      return { status: this.refuseWith, body: { message: 'Resource not accessible by integration' } }
    }
    const [, number, rest] = /^\/repos\/o\/r\/issues(?:\/(\d+|comments))?(\/.*)?$/.exec(pathname) ?? []
    const html_url = `https://github.com/o/r/issues/${number ?? 'new'}`
    if (request.method === 'GET') {
      const posts =
        number === undefined ? this.issues.filter(isOpen) : (this.comments.get(Number(number)) ?? [])
      const size = Number(searchParams.get('per_page'))
      const from = (Number(searchParams.get('page')) - 1) * size
      return { status: 200, body: posts.slice(from, from + size) }
    }
    if (request.method === 'POST' && number === undefined) {
      this.issues.push(this.post(String(sent.body), { title: String(sent.title) }))
    } else if (request.method === 'POST') {
      const all = this.comments.get(Number(number)) ?? []
      this.comments.set(Number(number), [...all, this.post(String(sent.body))])
    } else {
      const id = number === 'comments' ? Number(rest?.slice(1)) : Number(number)
      const posts = number === 'comments' ? [...this.comments.values()].flat() : this.issues
      Object.assign(posts.find((post) => post.id === id) ?? {}, sent)
    }
    return { status: request.method === 'POST' ? 201 : 200, body: { html_url } }
  }
}

function isOpen({ state }: Post): boolean {
  return state === 'open'
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}
