import { frameScript, sh } from './frame.sh.ts'

/** Format version of the tuner's answer, in its first line. */
export const TUNER_FORMAT = 'ach-tuner 1'

/** The only sysctls that a tuner ever writes. */
export const TUNABLE_SYSCTLS = [
  'net.netfilter.nf_conntrack_buckets',
  'net.netfilter.nf_conntrack_max',
  'net.ipv4.tcp_tw_reuse',
  'net.ipv4.tcp_max_tw_buckets',
] as const
export type TunableSysctl = (typeof TUNABLE_SYSCTLS)[number]

/** What shall become of one sysctl. The node decides against the value that it has at that moment. */
export type TuningSetting = { sysctl: TunableSysctl; wanted: number } & (
  | {
      /** For sizes: written only if more than the present value; never lowered, nor is "no limit" (0) of the maximum. */
      mode: 'raise'
      /** The wanted value is at least this many for each CPU of the node. */
      perCore?: number
    }
  | {
      /** Written if different. */
      mode: 'set'
    }
  | {
      /** Written exactly, if the present value is still `onlyIf`: puts back what a fix found. */
      mode: 'restore'
      onlyIf: number
    }
)

/** What a tuner says about a setting. `moved`: the present value was not `onlyIf` any more, and was left. */
export const TUNING_OUTCOMES = ['written', 'kept', 'moved', 'read-only', 'refused', 'unreadable'] as const
export type TuningOutcome = (typeof TUNING_OUTCOMES)[number]

/**
 * The script that writes the settings of one node, in their order: reads, decides, writes, reads back. It
 * prints, in the probe's line format, `sysctl before=… wanted=… after=… outcome=…` for each, with
 * `error=<text of the errno, underscores for blanks>` where writing failed.
 *
 * With `everySeconds` it goes on for ever (for a DaemonSet, as kube-proxy writes the maximum again when it
 * starts) and logs to standard output only what it did not find as wanted.
 */
export function tunerScript(
  settings: TuningSetting[],
  options: { everySeconds?: number; terminationLog?: string } = {},
): string {
  const calls = settings.map(callOf).join('\n')
  if (options.everySeconds !== undefined) return loopScript(calls, options.everySeconds)
  return frameScript({
    body: sh`${FUNCTIONS}
echo '${TUNER_FORMAT}'
${calls}
echo "end $((tuned + 1))"
exit $status`,
    ...(options.terminationLog === undefined ? {} : { terminationLog: options.terminationLog }),
  })
}

function loopScript(calls: string, everySeconds: number): string {
  const pause = checkedInteger(everySeconds, 'everySeconds', 1)
  return sh`[ -n "$PROC" ] || PROC=/proc
trap 'exit 0' TERM INT
${FUNCTIONS}
quiet=kept
while :; do
${calls}
sleep ${pause} &
wait $!
done
`
}

/** `cat` and not `read`: a shell reads byte by byte, and of a sysctl the kernel gives the first read only. */
const FUNCTIONS = sh`export LC_ALL=C
quiet=none
tuned=0
cores=$(grep -c '^cpu[0-9]' "$PROC/stat" 2>/dev/null) || cores=0
number_in() {
  number=
  if [ ! -e "$1" ]; then number=!absent; return 1; fi
  number=$(cat "$1" 2>/dev/null)
  case $number in
    '') number=!denied; return 1 ;;
    *[!0-9]* | ???????????????????*) number=!malformed; return 1 ;;
  esac
}
tune() {
  name=$1 file=$PROC/sys/$2 mode=$3 wanted=$4 given=$5 error=
  if [ "$mode" = raise ] && [ -n "$given" ] && [ $((given * cores)) -gt "$wanted" ]; then wanted=$((given * cores)); fi
  number_in "$file"; readable=$? before=$number
  if [ $readable -ne 0 ]; then outcome=unreadable
  elif [ "$before" -eq "$wanted" ]; then outcome=kept
  elif [ "$mode" = raise ] && [ "$before" -gt "$wanted" ]; then outcome=kept
  elif [ "$mode" = raise ] && [ "$before" -eq 0 ] && [ "$name" = net.netfilter.nf_conntrack_max ]; then outcome=kept
  elif [ "$mode" = restore ] && [ "$before" -ne "$given" ]; then outcome=moved
  elif error=$({ echo "$wanted" >"$file"; } 2>&1); then outcome=written error=
  else
    outcome=refused
    error=$(echo "$error" | sed -n '$s/.*: //p' | tr -c 'A-Za-z0-9\n-' _ | cut -c 1-60)
    case $error in Read-only* | Permission* | *not_permitted*) outcome=read-only ;; esac
  fi
  number_in "$file"
  if [ $outcome = written ] && [ "$number" != "$wanted" ]; then
    if [ "$mode" != raise ] || ! [ "$number" -gt "$wanted" ] 2>/dev/null; then outcome=refused error=did_not_stay; fi
  fi
  tuned=$((tuned + 1))
  line="$name before=$before wanted=$wanted after=$number outcome=$outcome"
  [ -z "$error" ] || line="$line error=$error"
  [ $outcome = $quiet ] || echo "$line"
}`

function callOf(setting: TuningSetting): string {
  const { sysctl, mode } = setting
  if (!TUNABLE_SYSCTLS.includes(sysctl))
    throw new RangeError(`not a sysctl that a tuner may write: ${sysctl}`)
  const wanted = checkedInteger(setting.wanted, sysctl, 0)
  const given = mode === 'raise' ? setting.perCore : mode === 'restore' ? setting.onlyIf : undefined
  const last = given === undefined ? "''" : checkedInteger(given, `${sysctl}: ${mode}`, 0)
  return `tune ${sysctl} ${sysctl.replaceAll('.', '/')} ${mode} ${wanted} ${last}`
}

/** Kernel sizes are signed 32-bit integers. */
function checkedInteger(value: number, name: string, least: number): string {
  if (Number.isInteger(value) && value >= least && value <= 0x7fff_ffff) return String(value)
  throw new RangeError(`${name} must be an integer from ${least} to ${0x7fff_ffff}, not ${value}`)
}
