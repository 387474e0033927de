/**
 * Markdown to HTML as GitHub does it: GitHub-flavoured markdown and GitHub's list of allowed HTML. Used by
 * `npm run preview` and by the tests.
 */
import rehypeRaw from 'rehype-raw'
import rehypeSanitize from 'rehype-sanitize'
import rehypeStringify from 'rehype-stringify'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'

/** The HTML that markdown stands for, before anybody repairs or cleans it: unbalanced markup stays unbalanced. */
export async function rawHtml(markdown: string): Promise<string> {
  const file = await unified()
    .use(remarkParse)
    .use(remarkGfm)
    .use(remarkRehype, { allowDangerousHtml: true })
    .use(rehypeStringify, { allowDangerousHtml: true })
    .process(markdown)
  return String(file)
}

/** The HTML that GitHub would show: parsed as a browser does and without what GitHub does not allow. */
export async function githubHtml(markdown: string): Promise<string> {
  const file = await unified()
    .use(remarkParse)
    .use(remarkGfm)
    .use(remarkRehype, { allowDangerousHtml: true })
    .use(rehypeRaw)
    .use(rehypeSanitize)
    .use(rehypeStringify)
    .process(markdown)
  return String(file)
}

/**
 * What is unbalanced in HTML: elements that are closed without having been opened, in the wrong order, or
 * never. Empty when all is well.
 */
export function unbalanced(html: string): string[] {
  const problems: string[] = []
  const open: string[] = []
  for (const [tag, closing, name = ''] of html.matchAll(/<(\/?)([a-zA-Z][a-zA-Z0-9-]*)[^>]*>/g)) {
    if (VOID.has(name) || tag.endsWith('/>')) continue
    if (closing === '') open.push(name)
    else if (open.at(-1) === name) open.pop()
    else problems.push(`${tag} closes ${open.length === 0 ? 'nothing' : `<${open.at(-1)}>`}`)
  }
  return [...problems, ...open.map((name) => `<${name}> is never closed`)]
}

const VOID = new Set(['br', 'hr', 'img', 'input', 'wbr'])
