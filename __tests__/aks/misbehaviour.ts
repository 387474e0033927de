import type { Misbehaviour, MisbehaviourAction } from './types.ts'

/** What rules are matched against. */
export interface Candidate {
  method: string
  /** With query. */
  url: string
  user: string
  watch: boolean
}

/** The rules of a bed, in the order in which they were added. */
export interface Rules {
  add: (rule: Misbehaviour) => () => void
  /** What to do with a request; counts it. */
  next: (candidate: Candidate) => MisbehaviourAction | undefined
}

export function createRules(): Rules {
  const rules = new Set<{ rule: Misbehaviour; seen: number }>()
  return {
    add(rule) {
      const entry = { rule, seen: 0 }
      rules.add(entry)
      return () => rules.delete(entry)
    },
    next(candidate) {
      for (const entry of rules) {
        const { match } = entry.rule
        if (!matches(match, candidate)) continue
        const turn = entry.seen - (match.skip ?? 0)
        if (turn >= (match.times ?? Number.POSITIVE_INFINITY)) continue
        entry.seen++
        if (turn >= 0) return entry.rule.do
      }
      return undefined
    },
  }
}

function matches(match: Misbehaviour['match'], candidate: Candidate): boolean {
  if (match.method && match.method !== candidate.method) return false
  if (match.user && match.user !== candidate.user) return false
  if (match.watch !== undefined && match.watch !== candidate.watch) return false
  return (
    !match.path || new RegExp(match.path.source, match.path.flags.replace(/[gy]/g, '')).test(candidate.url)
  )
}
