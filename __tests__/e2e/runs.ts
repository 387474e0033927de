import { answerOf } from '../../bench/answer.ts'
import type { NodeSpec } from '../aks/aks.ts'
import { type CheckResult, steady } from './support.ts'

/**
 * Runs all, a few at a time, and keeps their results by name. For runs that do not touch each other. Each takes
 * half a second of a core to start; those that mostly wait for deadlines can be more.
 */
export async function runAll<T>(
  work: Record<string, () => Promise<T>>,
  atOnce = 8,
): Promise<(name: string) => T> {
  const results = new Map<string, PromiseSettledResult<T>>()
  const waiting = Object.entries(work)
  const workers = Array.from({ length: atOnce }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, run] = next
      const [result] = await Promise.allSettled([run()])
      results.set(name, result)
    }
  })
  await Promise.all(workers)
  return (name) => {
    const result = results.get(name)
    if (result?.status === 'fulfilled') return result.value
    throw result?.reason ?? new Error(`there was no run ${JSON.stringify(name)}`)
  }
}

/** Nodes that answer at once, with what the probe says on a healthy node, and run no process. */
export async function answeringNodes(...nodes: (string | NodeSpec)[]): Promise<NodeSpec[]> {
  const answer = await answerOf('healthy')
  return nodes.map((node) => ({ state: { answer }, ...(typeof node === 'string' ? { name: node } : node) }))
}

export interface Told {
  level: 'error' | 'warning' | 'notice'
  title: string
  message: string
}

/** The annotations that the runner would make of a log. */
export function annotationsOf(log: string): Told[] {
  return [...log.matchAll(/^::(error|warning|notice)(?: ([^:]*(?:%3A[^:]*)*))?::(.*)$/gm)].map((command) => {
    const [, level, properties = '', message = ''] = command
    const title = /title=([^,]*)/.exec(properties)?.[1] ?? ''
    return {
      level: level as Told['level'],
      title: unescaped(title.replaceAll('%3A', ':').replaceAll('%2C', ',')),
      message: unescaped(message),
    }
  })
}

function unescaped(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

/** What a user sees of a run on its page: how it ended, and its annotations. */
export function told(run: CheckResult, aks: Parameters<typeof steady>[1]): string {
  const annotations = annotationsOf(run.log).map(({ level, title, message }) =>
    [`${level}: ${title}`.trimEnd(), ...message.split('\n').map((line) => `  ${line}`.trimEnd())].join('\n'),
  )
  const end = `status ${run.status ?? run.signal}, verdict ${run.outputs.verdict ?? 'not told'}`
  const text = [end, ...annotations].map((part) => steady(part, aks)).join('\n\n')
  return `${text.replaceAll(/\S*\/ach-run-\w{6}/g, 'FOLDER')}\n`
}
