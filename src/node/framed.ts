/** The most that a kubelet hands on of a container's termination message, in bytes. */
export const MAX_ANSWER_BYTES = 4096

/** An answer of one of the node's scripts, taken apart but not yet believed. */
export interface Framed {
  /** `group.name` → value as written; at most the first is kept of a name that comes twice. */
  fields: Map<string, string>
  /** Names that came more than once: which of the values is true cannot be known. */
  twice: Set<string>
  /** Whether first and last line are there and the last one counts the lines right. */
  complete: boolean
}

/**
 * Takes an answer of the line format apart: `group name=value …`, framed by `format` and `end <lines>`. What
 * does not have this form is passed over, so that a damaged answer loses the damaged values only; an answer
 * of another format version is not read at all and gives undefined. Never throws, whatever the text.
 */
export function parseFramed(message: string, format: string): Framed | undefined {
  const framed: Framed = { fields: new Map(), twice: new Set(), complete: false }
  const lines = message.slice(0, MAX_ANSWER_BYTES).split('\n')
  const cutOff = lines.pop() !== '' || message.length > MAX_ANSWER_BYTES
  const [first] = lines
  const program = format.split(' ')[0]
  if (first !== format && first?.startsWith(`${program} `)) return undefined
  // A last line without its line end is the one case in which half a number looks like a whole one.
  for (const line of lines) readLine(line, framed)
  framed.complete = !cutOff && first === format && lines.at(-1) === `end ${lines.length - 1}`
  return framed
}

const lineForm = /^[A-Za-z0-9_.-]{1,100}( [A-Za-z0-9_.-]{1,64}=[A-Za-z0-9!_.:+~-]{1,160})+$/

function readLine(line: string, framed: Framed): void {
  if (!lineForm.test(line)) return
  const [group, ...pairs] = line.split(' ')
  for (const pair of pairs) {
    const cut = pair.indexOf('=')
    const name = `${group}.${pair.slice(0, cut)}`
    if (framed.fields.has(name)) framed.twice.add(name)
    else framed.fields.set(name, pair.slice(cut + 1))
  }
}
