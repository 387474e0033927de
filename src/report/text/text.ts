import { oneLine } from '../clean.ts'
import type { Report } from '../report.ts'
import { STATUS_SIGN } from '../signs.ts'
import { consequence, hasDetails, headline, reasonsOf, verdictWord } from '../view/headline.ts'
import { HOLDERS_TITLE } from '../view/holder-rows.ts'
import { nextSteps } from '../view/next-steps.ts'
import { checkLines } from './checks.ts'
import { changeLines, nodeChangeLines, planLines } from './fix.ts'
import { holderLines } from './holders.ts'
import { wrap } from './layout.ts'
import { chartLines, nodeLines, outOfScopeLines, unreadLines } from './nodes.ts'
import { type Canvas, INDENT, items, passageLines, section, textLines } from './pieces.ts'
import { PLAIN, styleOf, type TextStyles } from './styles.ts'

export interface TextOptions {
  /** Characters in a line; default 100, at least 80. */
  width?: number
  /** Default: none, no escape sequences. */
  styles?: TextStyles
  /** `brief`: verdict, reasons and what to do next only. */
  form?: 'full' | 'brief'
}

/** Rows of the long tables: a log is read from its end, so that the rest must not push the verdict away. */
const ROWS = 25
const NARROWEST = 80

/** The summary of a run as lines of text, for the job log and for terminals. No line ends in a blank. */
export function textSummary(report: Report, options: TextOptions = {}): string[] {
  const canvas: Canvas = { width: Math.max(NARROWEST, options.width ?? 100), styles: options.styles ?? PLAIN }
  const whole = options.form !== 'brief' && hasDetails(report)
  return [
    ...verdictLines(report, canvas),
    ...nextLines(report, canvas),
    ...(whole ? fullLines(report, canvas) : []),
  ]
}

/** The verdict in one line, without escape sequences: for the last line of a log or the message of a failed step. */
export function verdictLine(report: Report): string {
  return oneLine(`${verdictWord(report.judgement.verdict)}: ${headline(report)}`)
}

function fullLines(report: Report, canvas: Canvas): string[] {
  return [
    ...section('Before and after', nodeChangeLines(report, ROWS, canvas), canvas),
    ...section('Changes', changeLines(report, ROWS, canvas), canvas),
    ...section(
      report.fix?.dryRun ? 'The plan' : 'The plan that was carried out',
      planLines(report, ROWS, canvas),
      canvas,
    ),
    ...section('Checks', checkLines(report, canvas), canvas),
    ...section('Connection table use', chartLines(report, canvas), canvas),
    ...section('Nodes that were not read', unreadLines(report, canvas), canvas),
    ...section('Nodes', nodeLines(report, ROWS, canvas), canvas),
    ...section(HOLDERS_TITLE, holderLines(report, canvas), canvas),
    ...section('Out of scope', outOfScopeLines(report, canvas), canvas),
    ...section(
      'Notes',
      report.notes.slice(0, 20).flatMap((note) => textLines(note, canvas.width - 2)),
      canvas,
    ),
  ]
}

function verdictLines(report: Report, canvas: Canvas): string[] {
  const { styles, width } = canvas
  const style = styleOf(STATUS_SIGN[report.judgement.verdict], styles)
  const lines = wrap(verdictLine(report), width).map((line) => styles.bold(style(line)))
  const failure = report.failure === undefined ? [] : [oneLine(report.failure.message)]
  const causes = report.failure?.causes.filter((cause) => cause !== report.failure?.message) ?? []
  const said = [
    ...since(report),
    ...items(failure, () => '', canvas),
    ...items(
      causes.slice(0, 5).map((cause) => `because: ${oneLine(cause)}`),
      () => '  ',
      canvas,
    ),
    ...items(
      reasonsOf(report)
        .slice(0, 10)
        .map((reason) => oneLine(reason)),
      () => '- ',
      canvas,
    ),
    consequence(report),
  ]
  return [...lines, ...said.map((line) => INDENT + line)]
}

function since(report: Report): string[] {
  if (report.fix?.dryRun === true) return ['Dry run: nothing was changed.']
  if (report.before === undefined) return []
  const { verdict } = report.before.judgement
  return [`Before the fix: ${verdictWord(verdict)}. After it: ${verdictWord(report.judgement.verdict)}.`]
}

function nextLines(report: Report, canvas: Canvas): string[] {
  const { steps, paste } = nextSteps(report)
  const many = steps.length > 1
  const lines = steps.flatMap((passages, i) => {
    const lead = many ? `${i + 1}. ` : ''
    const hang = ' '.repeat(lead.length)
    const [first = '', ...rest] = passageLines(passages, canvas.width - INDENT.length - lead.length)
    return [lead + first, ...rest.map((line) => hang + line)]
  })
  const docs = report.failure?.docs
  const more = docs === undefined ? [] : [`More about this: ${oneLine(docs)}`]
  return section('What to do next', [...lines, ...more, ...paste.map((line) => INDENT + line)], canvas)
}
