/**
 * Shows a job summary as GitHub does, in a browser without a window: GitHub's style sheet, and mermaid for
 * the charts. Used by `npm run preview` and by the tests.
 */
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { githubHtml } from './gfm.ts'

/** Width in pixels that a summary has on a laptop's screen, beside GitHub's own navigation. */
export const SUMMARY_WIDTH = 960

const modules = new URL('../node_modules/', import.meta.url)
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/** Where Chromium is on this machine; undefined if it is not. $CHROMIUM names it where it is elsewhere. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.CHROMIUM) return env.CHROMIUM
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync)
}

/** A browser without a window. The caller closes it. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  // Root has no sandbox of its own, and the pages come from this repository only.
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'],
  })
}

/** Shows a summary in a new page and waits until all of its charts are drawn. */
export async function showSummary(
  browser: Browser,
  markdown: string,
  theme: 'light' | 'dark' = 'light',
): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: SUMMARY_WIDTH, height: 800 },
    colorScheme: theme,
  })
  await page.setContent(pageOf(await githubHtml(markdown)), { waitUntil: 'load' })
  await page.addScriptTag({ path: fileOf('mermaid/dist/mermaid.min.js') })
  await page.addScriptTag({ path: new URL('browser-page.js', import.meta.url).pathname })
  await page.evaluate(`drawCharts('${theme === 'dark' ? 'dark' : 'default'}')`)
  return page
}

/** What is wrong with a page: charts that did not come out, and boxes that are wider than the summary. */
export async function problemsOf(page: Page): Promise<string[]> {
  return page.evaluate('findProblems()')
}

function pageOf(body: string): string {
  const css = readFileSync(fileOf('github-markdown-css/github-markdown.css'), 'utf8')
  return `<!doctype html><html><head><meta charset="utf-8"><style>${css}
    body { margin: 0 }
    .markdown-body { box-sizing: border-box; padding: 24px; font-size: 14px }
    .markdown-body pre.mermaid { background: none; text-align: center; padding: 0; overflow: visible }
  </style></head><body class="markdown-body">${body}</body></html>`
}

function fileOf(path: string): string {
  return new URL(path, modules).pathname
}
