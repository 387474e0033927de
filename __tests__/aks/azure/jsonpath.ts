/**
 * kubectl's JSONPath templates, as far as scripts use them: text, `{.a.b[0]}`, `{.items[*].x}`,
 * `{.list[?(@.type=="Ready")].status}`, `{.labels.a\.b}`, `{"\t"}`, `{range .items[*]}…{end}`.
 */
export function jsonpath(template: string, data: unknown): string {
  const tokens = template.match(/\{[^{}]*\}|[^{]+/g) ?? []
  return run(tokens, { at: 0 }, data, data)
}

function run(tokens: string[], cursor: { at: number }, current: unknown, root: unknown): string {
  let out = ''
  while (cursor.at < tokens.length) {
    const token = tokens[cursor.at++] ?? ''
    if (!token.startsWith('{')) {
      out += token
      continue
    }
    const inner = token.slice(1, -1).trim()
    if (inner === 'end') return out
    if (inner.startsWith('range '))
      out += loop(tokens, cursor, find(inner.slice(6).trim(), current, root), root)
    else if (/^["'].*["']$/s.test(inner)) out += unquoted(inner)
    else out += find(inner, current, root).map(shown).join(' ')
  }
  return out
}

function loop(tokens: string[], cursor: { at: number }, items: unknown[], root: unknown): string {
  const start = cursor.at
  if (items.length === 0) run(tokens, cursor, undefined, root)
  let out = ''
  for (const item of items) {
    cursor.at = start
    out += run(tokens, cursor, item, root)
  }
  return out
}

function unquoted(text: string): string {
  const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r' }
  return text.slice(1, -1).replace(/\\(.)/gs, (_all, letter: string) => escapes[letter] ?? letter)
}

function find(path: string, current: unknown, root: unknown): unknown[] {
  const steps = path.match(/\.(?:\\.|[^.[\\])*|\[\?\(.*?\)\]|\[[^\]]*\]|^[@$]/g) ?? []
  let found: unknown[] = [steps[0] === '$' ? root : current]
  for (const step of steps) {
    if (step === '@' || step === '$' || step === '.') continue
    found = found.flatMap((value) => follow(step, value))
  }
  return found
}

function follow(step: string, value: unknown): unknown[] {
  if (value === null || typeof value !== 'object') return []
  if (step.startsWith('.')) return field(value, step.slice(1).replace(/\\(.)/g, '$1'))
  const inside = step.slice(1, -1)
  if (inside === '*') return Object.values(value)
  if (inside.startsWith('?('))
    return Array.isArray(value) ? (value as unknown[]).filter((each) => holds(inside.slice(2, -1), each)) : []
  if (/^["']/.test(inside)) return field(value, inside.slice(1, -1))
  if (!Array.isArray(value)) return []
  const item: unknown = value.at(Number(inside))
  return item === undefined ? [] : [item]
}

function field(value: object, name: string): unknown[] {
  if (name === '*') return Object.values(value)
  const found = (value as Record<string, unknown>)[name]
  return found === undefined ? [] : [found]
}

function holds(condition: string, item: unknown): boolean {
  const [, path = '', operator, quoted] =
    /^@?(\.[^=!]*?)\s*(?:(==|!=)\s*(.*))?$/s.exec(condition.trim()) ?? []
  const [value] = find(path, item, item)
  if (operator === undefined) return value !== undefined
  const wanted = (quoted ?? '').trim().replace(/^["'](.*)["']$/s, '$1')
  return (String(value) === wanted) === (operator === '==')
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
