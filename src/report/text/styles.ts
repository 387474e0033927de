import type { Sign } from '../signs.ts'

/** The same text, with or without escape sequences around it. */
export type Style = (text: string) => string

/** How text is set off in a terminal. */
export interface TextStyles {
  readonly bold: Style
  readonly dim: Style
  readonly good: Style
  readonly warning: Style
  readonly bad: Style
}

const same: Style = (text) => text

/** No escape sequences: for files, pipes and people who set NO_COLOR. */
export const PLAIN: TextStyles = { bold: same, dim: same, good: same, warning: same, bad: same }

const sgr =
  (open: number, close: number): Style =>
  (text) =>
    `\u001B[${open}m${text}\u001B[${close}m`

/** The eight colours that every terminal and the job log have. */
export const COLOURS: TextStyles = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  good: sgr(32, 39),
  warning: sgr(33, 39),
  bad: sgr(31, 39),
}

/** The style that goes with a sign. */
export function styleOf(sign: Sign, styles: TextStyles): Style {
  switch (sign) {
    case 'good':
      return styles.good
    case 'warning':
      return styles.warning
    case 'bad':
    case 'unknown':
      return styles.bad
    case 'none':
      return styles.dim
  }
}
