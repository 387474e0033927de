import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { withTables } from '../../scripts/readme-tables.ts'
import { CHECKS } from '../../src/health/finding.ts'
import { actionFile, documented, pages, read, root, type Step } from './documents.ts'

const all = pages()
const sources = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(`src/${name}`, root), 'utf8'))
  .join('\n')

test('the tables of the README are those of action.yml', () => {
  const { text } = read('README.md')
  expect(withTables(text, read('action.yml').text)).toBe(text)
})

test('each check has a page', () => {
  const missing = CHECKS.filter((check) => !existsSync(new URL(`docs/checks/${check}.md`, root)))
  expect(missing).toEqual([])
})

describe.each(all.map(({ name, text }) => [name, text] as const))('%s', (name, text) => {
  test('links only to files and headings that are there', () => {
    const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    const own = links.filter((target) => !/^https?:/.test(target) && !target.startsWith('dist/'))
    expect(own.filter((target) => !resolves(name, target))).toEqual([])
  })

  test('has blocks of YAML that can be parsed, with inputs that the action has', () => {
    for (const [, block = ''] of text.matchAll(/^ *```ya?ml\n(.*?)^ *```$/gms)) {
      const content = load(unindented(block))
      const steps = Array.isArray(content) ? (content as Step[]) : []
      const inputs = steps
        .filter(({ uses }) => uses === 'OWNER/aks-connection-health@v1')
        .flatMap((step) => Object.keys(step.with ?? {}))
      expect(inputs.filter((input) => !(input in actionFile().inputs))).toEqual([])
    }
  })
})

test('the documentation has whole workflows, which the other tests look at', () => {
  expect(documented().length).toBeGreaterThanOrEqual(5)
})

test('every place in the documentation that an error names is there', () => {
  const named = [...sources.matchAll(/'((?:README|[\w/-]+)\.md(?:#[\w-]+)?)'/g)].map(
    ([, target = '']) => target,
  )
  expect(named.length).toBeGreaterThan(10)
  const from = (target: string) => (target.startsWith('README') ? 'README.md' : 'docs/index.md')
  expect([...new Set(named)].filter((target) => !resolves(from(target), target))).toEqual([])
})

test.each(['docs/troubleshooting.md', 'docs/azure.md'])(
  'the messages that %s quotes are those of the code',
  (name) => {
    const { text } = read(name)
    const part = name.endsWith('azure.md') ? text.slice(text.indexOf('## Troubleshooting')) : text
    const rows = [...part.matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell)
    const quoted = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, message = '']) => message))
    const fragments = quoted
      .flatMap((message) => message.split(/\s*(?:"?…"?|\(…\))\s*/))
      .filter((each) => / /.test(each))
    const said = sources.replaceAll("\\'", "'").replaceAll('`', '')
    expect(fragments.length).toBeGreaterThan(10)
    expect(fragments.filter((fragment) => !said.includes(fragment))).toEqual([])
  },
)

function resolves(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? from : normalize(join(dirname(from), path))
  if (!existsSync(new URL(file, root))) return false
  return anchor === undefined || headingsOf(read(file).text).includes(anchor)
}

/** The anchors that GitHub makes of headings. */
function headingsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replace(/^ *```.*?^ *```$/gms, '')
}

function unindented(block: string): string {
  const indent = /^ */.exec(block)?.[0].length ?? 0
  return block.replaceAll(new RegExp(`^ {${indent}}`, 'gm'), '')
}
