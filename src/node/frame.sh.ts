/** Where a container leaves its answer; the kubelet hands at most 4096 bytes of it to the API server. */
export const TERMINATION_LOG = '/dev/termination-log'

/** A script that will be text of a pod manifest. A tag, so that backslashes mean what they mean to the shell. */
export function sh(parts: TemplateStringsArray, ...values: string[]): string {
  return String.raw(parts, ...values)
}

/**
 * What every script of a node starts with. `PROC` is the one knob: the folder that is read as /proc. What
 * the body prints goes to the termination log; where that cannot be written to it goes to standard output
 * and `$status` is 1, as the kubelet takes the end of the log instead for a container that failed
 * (terminationMessagePolicy FallbackToLogsOnError).
 */
export function frameScript(options: { body: string; terminationLog?: string }): string {
  const log = options.terminationLog ?? TERMINATION_LOG
  if (!/^[A-Za-z0-9/._-]+$/.test(log)) throw new RangeError(`not a path that needs no quoting: ${log}`)
  return sh`[ -n "$PROC" ] || PROC=/proc
status=1
if [ -f ${log} ] && ( : >>${log} ) 2>/dev/null; then exec >${log}; status=0; fi
${options.body}
`
}
