/**
 * `npm run preview [-- name …]`: writes each kind of summary to preview/ as markdown and as pictures, the way
 * GitHub shows it in light and dark. Needs Chromium (`apt-get install chromium`).
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { SAMPLES, type SampleName } from '../__tests__/report/sample-reports.ts'
import { summary } from '../src/report/summary/summary.ts'
import { findChromium, problemsOf, showSummary, startBrowser } from './browser.ts'

const folder = new URL('../preview/', import.meta.url)
const wanted = process.argv.slice(2)
const names = (Object.keys(SAMPLES) as SampleName[]).filter(
  (name) => wanted.length === 0 || wanted.includes(name),
)
const executable = findChromium()

if (executable === undefined) {
  process.stderr.write(
    'No Chromium was found. Install it (apt-get install chromium) or name it in $CHROMIUM.\n',
  )
  process.exitCode = 1
} else {
  await preview(executable)
}

async function preview(path: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const browser = await startBrowser(path)
  try {
    for (const name of names) {
      for (const form of ['full', 'brief'] as const) {
        const markdown = summary(SAMPLES[name](), form)
        const file = form === 'full' ? name : `${name}-brief`
        writeFileSync(new URL(`${file}.md`, folder), markdown)
        for (const theme of form === 'full' ? (['light', 'dark'] as const) : (['light'] as const)) {
          const page = await showSummary(browser, markdown, theme)
          const problems = await problemsOf(page)
          const picture = theme === 'light' ? `${file}.png` : `${file}-dark.png`
          await page.screenshot({ path: new URL(picture, folder).pathname, fullPage: true })
          await page.close()
          process.stdout.write(`preview/${picture}${problems.map((problem) => `\n  ${problem}`).join('')}\n`)
          if (problems.length > 0) process.exitCode = 1
        }
      }
    }
  } finally {
    await browser.close()
  }
}
