import { COUNTERS } from './reading.ts'

/**
 * With more TCP sockets than this the tables are not walked: `tuples` is then unknown, everything else is
 * read. It bounds the probe's time and memory (busybox awk takes 4 s and 48 MB for it).
 */
export const MAX_TABLE_ROWS = 500_000

/**
 * What every part of the program uses; a file that cannot be read gives `!absent` or `!denied`. Only the 1 of a
 * `test` that ran says that there is none: a node without memory or processes left cannot even start it.
 */
export const LIBRARY = `
function lost(f) { return system("test -e \\"" f "\\"") == 1 ? "!absent" : "!denied" }
function integer(s) { return s ~ /^[0-9]+$/ && length(s) <= 20 ? s : "!malformed" }
function say(s) { printf "%s", s }
function line_end() { printf "\\n"; lines++; fflush() }
function head(f,   s, ok) {
  ok = (getline s < f); close(f)
  return ok < 0 ? lost(f) : ok == 0 ? "" : s
}
function number_in(f,   s, part) {
  s = head(f)
  if (s ~ /^!/) return s
  split(s, part, " ")
  return integer(part[1])
}
function hex(s,   i, d, n) {
  if (length(s) < 1 || length(s) > 16) return -1
  s = tolower(s); n = 0
  for (i = 1; i <= length(s); i++) {
    d = index("0123456789abcdef", substr(s, i, 1))
    if (d == 0) return -1
    n = n * 16 + d - 1
  }
  return n
}
`

/** One function a kind of file, and the two groups of lines that are made of them. */
export const READERS = `
function uptime(   s, part) {
  s = head(proc "/uptime")
  if (s ~ /^!/) return s
  split(s, part, " ")
  return part[1] ~ /^[0-9]+(\\.[0-9]+)?$/ && length(part[1]) <= 20 ? part[1] : "!malformed"
}
function sockstat(f, protocol, name,   s, part, n, i, ok, found) {
  found = "!no-column"
  while ((ok = (getline s < f)) > 0) {
    n = split(s, part, " ")
    if (part[1] != protocol ":") continue
    for (i = 2; i < n; i += 2) if (part[i] == name) found = integer(part[i + 1])
  }
  close(f)
  return ok < 0 ? lost(f) : found
}
function memory(f,   s, part, ok, found) {
  found = "!no-column"
  while ((ok = (getline s < f)) > 0) {
    split(s, part, " ")
    if (part[1] == "MemTotal:") { found = integer(part[2]); break }
  }
  close(f)
  return ok < 0 ? lost(f) : found
}
function mib(f, protocol, wanted,   s, names, values, n, m, i, ok, got, want, failed) {
  failed = "!no-column"
  while ((ok = (getline s < f)) > 0) {
    if (index(s, protocol ": ") != 1) continue
    n = split(s, names, " ")
    if ((getline s < f) <= 0) { failed = "!malformed"; break }
    m = split(s, values, " ")
    if (m != n || values[1] != protocol ":") { failed = "!malformed"; break }
    for (i = 2; i <= n; i++) got[names[i]] = integer(values[i])
    break
  }
  close(f)
  if (ok < 0) failed = lost(f)
  n = split(wanted, want, " ")
  for (i = 1; i <= n; i++) say(" " want[i] "=" (want[i] in got ? got[want[i]] : failed))
}
function per_cpu(f, wanted,   s, names, values, n, m, i, ok, sum, want, rows, failed, d, bad) {
  failed = "!no-column"; rows = 0
  ok = (getline s < f)
  if (ok > 0) {
    n = split(s, names, " ")
    while ((ok = (getline s < f)) > 0) {
      m = split(s, values, " "); rows++
      for (i = 1; i <= n; i++) {
        d = i <= m ? hex(values[i]) : -1
        if (d < 0) bad[names[i]] = 1
        sum[names[i]] += d
      }
    }
  }
  close(f)
  if (ok < 0) failed = lost(f)
  else if (rows == 0) failed = "!malformed"
  n = split(wanted, want, " ")
  for (i = 1; i <= n; i++) {
    s = want[i]
    if (s == "chain_too_long") s = "chainlength" in sum ? "chainlength" : "chaintoolong"
    if (s == "clash_resolve" && !(s in sum)) s = "clashres"
    say(" " want[i] "=")
    if (failed == "!no-column" && s in sum) { if (s in bad) say("!malformed"); else printf "%.0f", sum[s] }
    else say(failed)
  }
}
function sample(tag) {
  say(tag " uptime=" uptime()); line_end()
  say(tag ".conntrack"); per_cpu(proc "/net/stat/nf_conntrack", "${names('conntrack.')}"); line_end()
  say(tag ".TcpExt"); mib(proc "/net/netstat", "TcpExt", "${names('TcpExt.')}"); line_end()
  say(tag ".Tcp"); mib(proc "/net/snmp", "Tcp", "${names('Tcp.')}"); line_end()
  say(tag ".level conntrack-count=" number_in(proc "/sys/net/netfilter/nf_conntrack_count"))
  say(" time-wait=" sockstat(proc "/net/sockstat", "TCP", "tw")); line_end()
}
function levels(   s, part, n) {
  s = head(proc "/sys/kernel/osrelease")
  if (s !~ /^!/) { gsub(/[^0-9A-Za-z._+~-]/, "_", s); s = s == "" ? "!malformed" : substr(s, 1, 64) }
  say("node kernel=" s " memory-kb=" memory(proc "/meminfo"))
  in_use = sockstat(proc "/net/sockstat", "TCP", "inuse")
  say(" tcp-in-use=" in_use)
  s = head(proc "/sys/net/ipv4/ip_local_port_range")
  if (s !~ /^!/) {
    n = split(s, part, " ")
    if (n == 2 && integer(part[1]) + 0 > 0 && integer(part[2]) + 0 < 65536 && part[1] + 0 <= part[2] + 0) {
      first = part[1] + 0; last = part[2] + 0; s = first "-" last
    } else s = "!malformed"
  }
  range = s
  say(" port-range=" range " reserved-ports=" reserve(head(proc "/sys/net/ipv4/ip_local_reserved_ports")))
  line_end()
}
function reserve(s,   list, ends, n, m, i, p, taken) {
  if (s ~ /^!/) return s
  if (range ~ /^!/) return "!malformed"
  gsub(/[ \\t]/, "", s); taken = 0
  n = split(s, list, ",")
  for (i = 1; i <= n; i++) {
    m = split(list[i], ends, "-")
    if (m < 1 || m > 2 || integer(ends[1]) ~ /^!/ || integer(ends[m]) ~ /^!/ || ends[m] + 0 > 65535) return "!malformed"
    for (p = ends[1] + 0; p <= ends[m] + 0; p++) {
      if (p < first || p > last || (sprintf("%04X", p) in reserved)) continue
      reserved[sprintf("%04X", p)] = 1; taken++
    }
  }
  return taken
}
`

/**
 * One pass over tcp and tcp6. The columns of a row stand at fixed distances from the first `: `, so that no
 * row is split into fields. Ports are compared as four hex digits, which sort like the numbers they are.
 * An IPv4-mapped row of tcp6 gets the key that its IPv4 twin in tcp has.
 */
export const WALK = `
function table(f, width,   s, p, port, key, lo, hi, ok) {
  lo = sprintf("%04X", first); hi = sprintf("%04X", last)
  ok = (getline s < f)
  while (ok > 0 && (ok = (getline s < f)) > 0) {
    p = index(s, ": ") + 2
    port = substr(s, p + width + 1, 4)
    if (port < lo || port > hi || (port in reserved)) continue
    if (substr(s, p + width * 2 + 12, 2) == "0A") continue
    if (width == 32 && substr(s, p, 24) == "0000000000000000FFFF0000") {
      key = substr(s, p + 24, 8) ":" substr(s, p + 62, 13)
    } else key = substr(s, p, width) ":" substr(s, p + width + 6, width + 5)
    if (!(key in id)) { id[key] = ++ids; ports[key] = 0; waits[key] = 0 }
    port = id[key] port
    if (port in seen) continue
    seen[port] = 1
    ports[key]++
    if (substr(s, p + width * 2 + 12, 2) == "06") waits[key]++
  }
  close(f)
  return ok < 0 ? lost(f) : ""
}
function before(a, b) { return ports[a] > ports[b] || (ports[a] == ports[b] && "x" a < "x" b) }
function tuples(   failed, n, i, top, key, swap, size) {
  if (range ~ /^!/) { say("tuples found=" range); line_end(); return }
  size = in_use + sockstat(proc "/net/sockstat6", "TCP6", "inuse") + sockstat(proc "/net/sockstat", "TCP", "tw")
  if (size > ${MAX_TABLE_ROWS}) { say("tuples found=!too-many"); line_end(); return }
  failed = table(proc "/net/tcp", 8)
  if (failed == "") { failed = table(proc "/net/tcp6", 32); if (failed == "!absent") failed = "" }
  if (failed != "") { say("tuples found=" failed); line_end(); return }
  n = 0
  for (key in ports) {
    if (n == 5 && !before(key, top[5])) continue
    i = n < 5 ? ++n : 5
    for (top[i] = key; i > 1 && before(top[i], top[i - 1]); i--) { swap = top[i]; top[i] = top[i - 1]; top[i - 1] = swap }
  }
  say("tuples found=" n)
  for (i = 1; i <= n; i++) say(" " i "=" substr(top[i], 1, 70) ":" ports[top[i]] ":" waits[top[i]])
  line_end()
}
`

function names(prefix: string): string {
  return COUNTERS.filter((counter) => counter.startsWith(prefix))
    .map((counter) => counter.slice(prefix.length))
    .join(' ')
}
