import { frameScript, sh } from './frame.sh.ts'
import { LIBRARY, READERS, WALK } from './probe.awk.ts'
import { POD_WALK } from './probe-pods.awk.ts'
import { INTEGER_SYSCTLS } from './reading.ts'

/** Format version of the probe's answer, in its first line; a parser refuses any other. */
export const PROBE_FORMAT = 'ach-probe 1'

export interface ProbeOptions {
  sampleSeconds: number
  podDetail?: boolean
  terminationLog?: string
}

/**
 * The script that reads one node, for the shell and the awk of any small image (busybox, dash with mawk or
 * gawk). It needs no privilege but the host's network namespace.
 *
 * What it prints: lines `group name=value …`, the first {@link PROBE_FORMAT}, the last `end <lines before
 * it>`; a value that could not be read is `!absent`, `!denied`, `!malformed`, `!no-column` or `!too-many`.
 * Every value is cut to a maximal length, so that an answer has at most 4096 bytes. Each line is on its way
 * before the next file is read: what is known when the container is killed is kept.
 *
 * @param options.sampleSeconds seconds between the two reads of the counters, at most two decimals; 0: one
 *   read. The walk through the socket tables counts into them.
 * @param options.podDetail also looks into the network namespaces of the node's pods; their processes must be
 *   visible (hostPID).
 */
export function probeScript(options: ProbeOptions): string {
  const { sampleSeconds: seconds, podDetail = false } = options
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 3600) {
    throw new RangeError(`sampleSeconds must be between 0 and 3600, not ${seconds}`)
  }
  const program = `${LIBRARY}${READERS}${WALK}${podDetail ? POD_WALK : ''}${mainProgram(seconds, podDetail)}`
  return frameScript({
    body: sh`export LC_ALL=C
exec awk -v proc="$PROC" -v status="$status" -v self="$$" '${program}' </dev/null`,
    ...(options.terminationLog === undefined ? {} : { terminationLog: options.terminationLog }),
  })
}

function mainProgram(seconds: number, podDetail: boolean): string {
  const [whole, exact] = [Math.ceil(seconds), seconds.toFixed(2)]
  const second = `
  left = ${exact} - (uptime() - began)
  if (left > ${exact} || began ~ /^!/) left = ${exact}
  if (left > 0) { left = sprintf("%.2f", left); system("sleep " left " 2>/dev/null || sleep ${whole}") }
  sample("b")`
  return `
BEGIN {
  print "${PROBE_FORMAT}"; lines = 1; fflush()
  began = uptime()
  sample("a")
  levels()
${sysctlLines()}
  tuples()${podDetail ? '\n  pods()' : ''}${seconds > 0 ? second : ''}
  print "end " lines
  exit status + 0
}
`
}

function sysctlLines(): string {
  const groups = new Map<string, string[]>()
  for (const name of INTEGER_SYSCTLS) {
    const cut = name.lastIndexOf('.')
    const group = groups.get(name.slice(0, cut)) ?? []
    groups.set(name.slice(0, cut), [...group, name.slice(cut + 1)])
  }
  return [...groups]
    .map(([group, leaves]) => {
      const folder = `proc "/sys/${group.replaceAll('.', '/')}/`
      const values = leaves.map((leaf) => `say(" ${leaf}=" number_in(${folder}${leaf}"))`)
      return `  say("${group}"); ${values.join('; ')}; line_end()`
    })
    .join('\n')
}
