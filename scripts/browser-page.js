// Runs inside the page that shows a summary: what GitHub's own scripts do with charts, and a look at the result.

/** Draws every chart. Called once the page and mermaid are loaded. */
globalThis.drawCharts = async (theme) => {
  const { document, mermaid } = globalThis
  mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme })
  for (const code of document.querySelectorAll('pre > code.language-mermaid')) {
    const chart = document.createElement('pre')
    chart.className = 'mermaid'
    chart.dataset.source = code.textContent
    chart.textContent = code.textContent
    code.parentElement.replaceWith(chart)
  }
  await mermaid.run({ querySelector: 'pre.mermaid', suppressErrors: true })
}

/** What is wrong with the page: charts that did not come out, and boxes that are wider than the summary. */
globalThis.findProblems = () => {
  const { document } = globalThis
  const problems = []
  for (const chart of document.querySelectorAll('pre.mermaid')) {
    const svg = chart.querySelector('svg')
    const failed = svg === null || svg.getAttribute('aria-roledescription') === 'error'
    if (failed) problems.push(`a chart was not drawn: ${(chart.dataset.source ?? '').slice(0, 200)}`)
  }
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth > clientWidth) problems.push(`the page is ${scrollWidth} pixels wide on ${clientWidth}`)
  for (const table of document.querySelectorAll('table')) {
    const head = table.querySelector('tr').textContent.trim().slice(0, 60)
    const wider = table.scrollWidth > table.clientWidth + 1
    if (wider)
      problems.push(`the table "${head}" is ${table.scrollWidth} pixels wide on ${table.clientWidth}`)
  }
  return problems
}
