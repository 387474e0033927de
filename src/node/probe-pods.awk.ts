/** At most so many network namespaces are looked into beside the node's own; AKS runs 250 pods a node at most. */
export const MAX_POD_NAMESPACES = 1000

/** Rows of the socket tables of all pods together that are walked; busybox awk takes 1 s for them. */
export const MAX_POD_ROWS = 200_000

/** How many pods are told: as many as the answer has room for. */
const MOST_PODS = 5

/** Processes of one namespace that are kept, so that one that ends meanwhile does not cost the namespace. */
const MOST_PROCESSES = 8

/**
 * The network namespaces of other pods, seen through one process of each: `/proc/<pid>/net` is readable without
 * any privilege where the process is visible, and the inode of a file in it names the namespace. Only the
 * tables of the busiest are walked, as every read of one makes the kernel go through the sockets of all.
 *
 * 8000 and EE47 are the kernel's default ip_local_port_range (32768 to 60999) in the form in which the tables
 * write ports: /proc/sys/net tells the reader's own namespace only, so that a pod's range is not known here.
 */
export const POD_WALK = `
function pod_spaces(   cmd, s, part, pid, own, first_seen, later) {
  cmd = "cd \\"" proc "\\" && stat -L -c \\"%i own\\" net/sockstat &&"
  cmd = cmd " for p in [0-9]*; do echo \\"$p/net/sockstat\\"; done | xargs stat -L -c \\"%i %n\\" 2>/dev/null"
  own = ""; first_seen = 0; spaces = 0; left = 0
  while ((cmd | getline s) > 0) {
    if (split(s, part, " ") != 2) continue
    if (own == "") { own = part[1]; continue }
    pid = substr(part[2], 1, index(part[2], "/") - 1)
    if (pid == "1") first_seen = 1
    if (part[1] == own || (part[1] in later)) continue
    if (!(part[1] in members)) {
      if (spaces >= ${MAX_POD_NAMESPACES}) { later[part[1]] = 1; left++; continue }
      members[part[1]] = ""; held[part[1]] = 0; spaces++
    }
    if (held[part[1]]++ < ${MOST_PROCESSES}) members[part[1]] = members[part[1]] " " pid
  }
  close(cmd)
  return own == "" ? "!no-stat" : self == 1 ? "!own-processes" : first_seen ? "" : "!hidden"
}
function pod_line(f, protocol,   s, part, n, i, found) {
  found = -1
  while ((getline s < f) > 0) {
    n = split(s, part, " ")
    if (part[1] != protocol ":") continue
    for (i = 2; i < n; i += 2) {
      if (integer(part[i + 1]) ~ /^!/ || part[i + 1] + 0 > 999999999) continue
      if (part[i] == "inuse") found = part[i + 1] + 0
      if (part[i] == "tw") pod_tw = part[i + 1] + 0
    }
  }
  close(f)
  return found
}
function pod_sockets(space,   pids, n, i, v4, v6) {
  n = split(members[space], pids, " ")
  for (i = 1; i <= n; i++) {
    pod_tw = -1
    v4 = pod_line(proc "/" pids[i] "/net/sockstat", "TCP")
    if (v4 < 0 || pod_tw < 0) continue
    reader[space] = pids[i]
    v6 = pod_line(proc "/" pids[i] "/net/sockstat6", "TCP6")
    return v4 + (v6 > 0 ? v6 : 0)
  }
  return -1
}
function pod_uid(space,   pids, n, i, f, s, found) {
  n = split(members[space], pids, " ")
  for (i = 1; i <= n; i++) {
    f = proc "/" pids[i] "/cgroup"; found = ""
    while (found == "" && (getline s < f) > 0) found = uid_in(s)
    close(f)
    if (found != "") return found
  }
  return "-"
}
function uid_in(path,   part, n, i, s) {
  n = split(path, part, "/")
  for (i = 1; i <= n; i++) {
    s = part[i]
    if (!match(s, /pod[0-9a-f][-_0-9a-f]+(\\.slice)?$/)) continue
    s = substr(s, RSTART + 3); sub(/\\.slice$/, "", s); gsub(/_/, "-", s)
    if (length(s) == 32 && s !~ /-/) return s
    if (length(s) == 36 && s ~ /^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/) return s
  }
  return ""
}
function pod_table(f, width,   s, p, port, key, ok, state) {
  ok = (getline s < f)
  while (ok > 0 && (ok = (getline s < f)) > 0) {
    if (++walked > ${MAX_POD_ROWS}) break
    p = index(s, ": ") + 2
    port = substr(s, p + width + 1, 4)
    state = substr(s, p + width * 2 + 12, 2)
    if (state == "0A") { listens[port] = 1; continue }
    if (port in listens) { taken_on[port]++; continue }
    if (width == 32 && substr(s, p, 24) == "0000000000000000FFFF0000") {
      key = substr(s, p + 24, 8) ":" substr(s, p + 62, 13)
    } else key = substr(s, p, width) ":" substr(s, p + width + 6, width + 5)
    if (!(key in id)) { id[key] = ++ids; ports[key] = 0; waits[key] = 0; usual[key] = 0 }
    if ((id[key] port) in seen) continue
    seen[id[key] port] = 1
    ports[key]++
    if (port >= "8000" && port <= "EE47") usual[key]++
    if (state == "06") waits[key]++
  }
  close(f)
  return ok
}
function pod_walk(i, space,   pid, key, best, most) {
  pid = reader[space]
  split("", id); split("", ports); split("", waits); split("", usual); split("", seen)
  split("", listens); split("", taken_on); ids = 0
  if (walked + pod_in_use[space] + pod_waits[space] > ${MAX_POD_ROWS}) { say(" " i ".to=!pod-too-many"); return }
  best = pod_table(proc "/" pid "/net/tcp", 8) < 0 ? -1 : pod_table(proc "/" pid "/net/tcp6", 32)
  if (walked > ${MAX_POD_ROWS}) { say(" " i ".to=!pod-too-many"); return }
  if (pod_line(proc "/" pid "/net/sockstat", "TCP") < 0) { say(" " i ".to=!gone"); return }
  best = ""
  for (key in ports) if (best == "" || before(key, best)) best = key
  if (best == "") say(" " i ".to=-")
  else say(" " i ".to=" substr(best, index(best, ":") + 1, 37) ":" ports[best] ":" usual[best] ":" waits[best])
  most = ""
  for (key in taken_on) {
    if (most == "" || taken_on[key] > taken_on[most] || (taken_on[key] == taken_on[most] && "x" key < "x" most)) most = key
  }
  if (most != "") say(" " i ".on=" most ":" taken_on[most])
}
function fuller(a, b) { return total[a] > total[b] || (total[a] == total[b] && "x" a < "x" b) }
function pods(   failed, space, n, i, top, swap, read) {
  failed = pod_spaces()
  if (failed != "") { say("pods found=" failed); line_end(); return }
  n = 0; read = 0; walked = 0
  for (space in members) {
    pod_in_use[space] = pod_sockets(space)
    if (pod_in_use[space] < 0) continue
    read++
    pod_waits[space] = pod_tw
    total[space] = pod_in_use[space] + pod_tw
    if (total[space] == 0 || (n == ${MOST_PODS} && !fuller(space, top[n]))) continue
    i = n < ${MOST_PODS} ? ++n : n
    for (top[i] = space; i > 1 && fuller(top[i], top[i - 1]); i--) { swap = top[i]; top[i] = top[i - 1]; top[i - 1] = swap }
  }
  say("pods found=" n " namespaces=" read " left=" left)
  for (i = 1; i <= n; i++) {
    say(" " i "=" pod_uid(top[i]) ":" pod_in_use[top[i]] ":" pod_waits[top[i]])
    pod_walk(i, top[i])
  }
  line_end()
}
`
