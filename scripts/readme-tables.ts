import { load } from 'js-yaml'

interface Entry {
  description: string
  default?: string
}

/** Between which marks the tables of the README stand. */
const marks = (what: 'inputs' | 'outputs') => ({
  begin: `<!-- ${what} of action.yml -->`,
  end: `<!-- end of ${what} -->`,
})

/**
 * The README with the tables of inputs and outputs made from action.yml. Inputs stand in the groups that the
 * comments of action.yml make.
 * @throws Error when the README lacks the marks between which the tables stand.
 */
export function withTables(readme: string, actionYml: string): string {
  const { inputs, outputs } = load(actionYml) as Record<'inputs' | 'outputs', Record<string, Entry>>
  const groups = groupsOf(actionYml)
  const inputTables = groups.map(({ title, names }) => {
    const rows = names.map((name) => [`\`${name}\``, codeOf(inputs[name]?.default), textOf(inputs[name])])
    return `### ${title}\n\n${table(['Input', 'Default', 'What it does'], rows)}`
  })
  const outputRows = Object.entries(outputs).map(([name, entry]) => [`\`${name}\``, textOf(entry)])
  const filled = fill(readme, 'inputs', inputTables.join('\n\n'))
  return fill(filled, 'outputs', table(['Output', 'What it is'], outputRows))
}

/** The inputs under the comment that stands above them. */
function groupsOf(actionYml: string): { title: string; names: string[] }[] {
  const block = /^inputs:\n(.*?)^outputs:/ms.exec(actionYml)?.[1] ?? ''
  const groups: { title: string; names: string[] }[] = []
  for (const [, title, name] of block.matchAll(/^ {2}(?:# (.+)|([\w-]+):)$/gm)) {
    if (title !== undefined) groups.push({ title, names: [] })
    else if (name !== undefined) groups.at(-1)?.names.push(name)
  }
  return groups
}

function fill(text: string, what: 'inputs' | 'outputs', content: string): string {
  const { begin, end } = marks(what)
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`README.md lacks ${begin} or ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function textOf(entry: Entry | undefined): string {
  return (entry?.description ?? '').trim().replace(/\s+/g, ' ').replaceAll('|', '\\|')
}

function codeOf(value: string | undefined): string {
  return value ? `\`${value}\`` : ''
}
