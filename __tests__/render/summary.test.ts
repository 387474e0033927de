import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { findChromium, problemsOf, showSummary, startBrowser } from '../../scripts/browser.ts'
import { summary } from '../../src/report/summary/summary.ts'
import { SAMPLES, type SampleName } from '../report/sample-reports.ts'

const names = Object.keys(SAMPLES) as SampleName[]
const executable = findChromium()
// In CI the browser must be there: a skipped test would look like a good one.
const required = process.env.ACH_REQUIRE_CHROMIUM === '1'
const how = executable ?? 'NOT RUN: no Chromium (apt-get install chromium, or set $CHROMIUM)'

test('Chromium is there where it is required', () => {
  expect(executable !== undefined || !required).toBe(true)
})

const described = executable === undefined ? describe.skip : describe
described(`summaries as GitHub shows them [${how}]`, () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await startBrowser(executable ?? '')
  }, 60_000)

  afterAll(async () => {
    await browser.close()
  })

  test.each(names)(
    'the sample %s has its charts drawn and nothing wider than the page',
    async (name) => {
      const page = await showSummary(browser, summary(SAMPLES[name]()))
      expect(await problemsOf(page)).toEqual([])
      await page.close()
    },
    60_000,
  )

  test('a chart that is wrong is found, so that the test above can fail', async () => {
    const page = await showSummary(browser, '```mermaid\nxychart-beta\n  bar [\n```')
    expect(await problemsOf(page)).toEqual([expect.stringContaining('a chart was not drawn')])
    await page.close()
  }, 60_000)

  test('a table that is too wide is found', async () => {
    const page = await showSummary(browser, `| a |\n| --- |\n| ${'w'.repeat(400)} |`)
    expect(await problemsOf(page)).toEqual([expect.stringContaining('pixels wide on')])
    await page.close()
  }, 60_000)

  test('a hostile name adds no element of its own', async () => {
    const page = await showSummary(browser, summary(SAMPLES.hostile()))
    const titles = await page
      .locator('body h1, body script, body a:not([href^="https://github.com/contoso/"])')
      .count()
    expect(titles).toBe(0)
    await page.close()
  }, 60_000)
})
