import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { githubHtml, rawHtml, unbalanced } from '../../scripts/gfm.ts'
import { oneLine } from '../../src/report/clean.ts'
import {
  code,
  details,
  fence,
  heading,
  link,
  list,
  type Markup,
  marker,
  md,
  table,
  text,
} from '../../src/report/markdown.ts'
import { HOSTILE } from './sample-reports.ts'

/** Strings that mean something in markdown, HTML, workflow commands or to GitHub, between any others. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...HOSTILE,
        '|',
        '`',
        '``',
        '*',
        '_',
        '~~',
        '<',
        '>',
        '&',
        '&lt;',
        '&#60;',
        '\\',
        '\\|',
      ),
      fc.constantFrom(
        '[a](b)',
        '![a](b)',
        '](',
        '<!--',
        '-->',
        '# ',
        '- ',
        '+ ',
        '1. ',
        '1) ',
        '> ',
        '===',
        '---',
      ),
      fc.constantFrom(
        '\n',
        '\r\n',
        '\t',
        '    ',
        '\u2028',
        '@user',
        ':+1:',
        ':x:',
        '$',
        '$$',
        'http://a.b',
        'www.a.b',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ maxLength: 12 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** Text of an HTML fragment that holds only elements of the given names. */
function textOf(html: string, allowed: readonly string[]): string {
  for (const [tag, name = ''] of html.matchAll(/<\/?([a-zA-Z0-9]+)[^>]*>/g)) {
    if (!allowed.includes(name)) throw new Error(`unexpected ${tag} in ${html}`)
  }
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#x([0-9A-F]+)|(amp|lt|gt|quot));/gi, (_, hex: string | undefined, name: string) =>
      hex === undefined
        ? ({ amp: '&', lt: '<', gt: '>', quot: '"' }[name] ?? '')
        : String.fromCodePoint(Number.parseInt(hex, 16)),
    )
    .replaceAll('\u00A0', ' ')
    .trim()
}

async function shown(markup: Markup, allowed: readonly string[]): Promise<string> {
  expect(unbalanced(await rawHtml(String(markup)))).toEqual([])
  return textOf(await githubHtml(String(markup)), [...allowed, 'span'])
}

describe('text from the cluster', () => {
  const cases: [string, (value: string) => Markup, string[]][] = [
    ['a paragraph', (value) => text(value), ['p']],
    ['a template', (value) => md`${value}`, ['p']],
    ['code', (value) => code(value), ['p', 'code']],
    ['a list', (value) => list([value]) ?? text(''), ['ul', 'li']],
    ['a heading', (value) => heading(3, value), ['h3']],
    ['the title of a fold', (value) => details(value, text('')), ['details', 'summary']],
    ['a cell', (value) => table([{ title: 't' }], [[value]]), ['table', 'thead', 'tbody', 'tr', 'th', 'td']],
  ]
  test.each(cases)('in %s is shown as it is and makes no markup', async (place, make, allowed) => {
    await fc.assert(
      fc.asyncProperty(nasty, async (value) => {
        const visible = oneLine(value)
        const empty = place === 'code' || place === 'a cell' ? '–' : ''
        const got = await shown(make(value), allowed)
        const title = place === 'a cell' ? /^t\s*/ : /^/
        expect(got.replace(title, '')).toBe(visible === '' ? empty : visible)
      }),
      { numRuns: 300 },
    )
  })

  test('in a fence keeps to its fence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(nasty, { maxLength: 4 }), async (values) => {
        const html = await githubHtml(String(fence('text', values)))
        expect(html).toMatch(/^<pre><code[^>]*>[^<]*<\/code><\/pre>$/)
      }),
      { numRuns: 200 },
    )
  })

  test('mentions nobody, names no emoji and is no address', async () => {
    const html = await githubHtml(
      String(text('@octocat a @b :white_check_mark: https://evil.example www.evil.example a@b.example')),
    )
    expect(html).not.toContain('<a ')
    for (const pattern of [/@octocat/, /@b/, /:white_check_mark:/, /https:\/\//, /www\./]) {
      expect(html).not.toMatch(pattern)
    }
  })

  test('does not reorder or hide what stands around it', () => {
    expect(String(text('a\u202Eb\u200Bc\u0007d'))).toBe('a\uFFFDb\uFFFDc\uFFFDd')
  })
})

test('a link is made of https addresses only', () => {
  expect(String(link('run', 'https://github.com/a/b?x="><h1>'))).toBe(
    '<a href="https&#58;//github.com/a/b?x=%22%3E%3Ch1%3E">run</a>',
  )
  for (const address of [
    'javascript:alert(1)',
    'http://a.b',
    'data:text/html,x',
    'no address',
    'https://a:b@c.d',
  ]) {
    expect(String(link('run', address))).toBe('run')
  }
})

test('a marker cannot be left', () => {
  expect(String(marker('a --> <b> -- c'))).toBe('<!-- a __ _b_ _ c -->')
})
