/** Turns what an action prints for the runner into text for a terminal. */

export interface Styles {
  bold(text: string): string
  red(text: string): string
  yellow(text: string): string
  dim(text: string): string
}

const code = (open: number, close: number) => (text: string) => `\u001B[${open}m${text}\u001B[${close}m`
const plain = (text: string) => text

/** Colours only where a person looks: on a terminal, and not with NO_COLOR. */
export function stylesFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Styles {
  if (!stream.isTTY || env.NO_COLOR) return { bold: plain, red: plain, yellow: plain, dim: plain }
  return { bold: code(1, 22), red: code(31, 39), yellow: code(33, 39), dim: code(2, 22) }
}

/** A line of the job log as text; undefined for lines that only the runner needs. */
export function terminalLine(line: string, styles: Styles): string | undefined {
  const command = /^::([a-z-]+)(?: ([^:]*(?:::?[^:]+)*?))?::(.*)$/.exec(line)
  if (!command) return line
  const [, name = '', properties = '', message = ''] = command
  const text = unescaped(message)
  const title = /(?:^|,)title=([^,]*)/.exec(properties)?.[1]
  const full = (word: string) => (title ? `${unescaped(title)}: ${text}` : `${word}${text}`)
  switch (name) {
    case 'group':
      return styles.bold(text)
    case 'error':
      return styles.red(full('Error: '))
    case 'warning':
      return styles.yellow(full('Warning: '))
    case 'notice':
      return full('')
    default:
      return undefined
  }
}

function unescaped(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%')
}
