import { count } from '../../health/format.ts'
import type { Target } from '../../remedy/remedy.ts'
import type { Passage } from '../clean.ts'
import { settingValue } from '../labels.ts'
import { blocks, code, fence, join, type Markup, md, text } from '../markdown.ts'
import { SIGNS, STATUS_SIGN } from '../signs.ts'

/** The sign of a status or verdict, as it stands before its word. */
export function sign(status: keyof typeof STATUS_SIGN): Markup {
  return text(SIGNS[STATUS_SIGN[status]].emoji)
}

/** Prose and lines to paste. */
export function passagesMarkup(passages: readonly Passage[]): Markup {
  return blocks(
    ...passages.map((passage) =>
      passage.kind === 'prose' ? text(passage.text, 1000) : fence('', passage.lines),
    ),
  )
}

/** The first names as code, the rest counted. */
export function nameList(names: readonly string[], most = 10): Markup {
  const shown = join(
    names.slice(0, most).map((name) => code(name)),
    ', ',
  )
  return names.length <= most ? shown : md`${shown} and ${count(names.length - most)} more`
}

/** A line that says how many rows a table leaves out; nothing when it leaves out none. */
export function more(left: number, what: string): Markup | undefined {
  return left > 0 ? text(`and ${count(left)} more ${what}, all of them in the JSON report`) : undefined
}

/** Length of the longest name, for the width of its column. */
export function longest(names: readonly string[]): number {
  return names.reduce((most, name) => Math.max(most, name.length), 0)
}

/** Where a change is made: its kind in words, its name as code. */
export function targetMarkup(target: Target): Markup {
  switch (target.kind) {
    case 'node':
      return code(target.name)
    case 'node-pool':
      return md`pool&nbsp;${code(target.name)}`
    case 'service':
    case 'daemonset':
      return md`${target.kind} ${code(`${target.namespace}/${target.name}`)}`
  }
}

/** A value and what it became. */
export function fromTo(from: string | null | undefined, to: string | null | undefined): Markup {
  return md`${code(settingValue(from), 100)}&nbsp;→&nbsp;${code(settingValue(to), 100)}`
}
