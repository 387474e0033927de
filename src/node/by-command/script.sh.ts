/**
 * The script that AKS runs in a cluster, for any POSIX shell with kubectl and jq. What comes from the cluster
 * goes from kubectl through jq into files and out as JSON; the shell never looks at it, but for numbers. Its
 * data are in plan.json, and in plan.txt what the shell itself needs of them, a name and a value a line. Pods are removed at its end, whatever ends it.
 */
export const SCRIPT = `set -u
umask 077
export LC_ALL=C
work=.
[ -w . ] || work=/tmp

plan() {
  while read -r name value; do
    [ "$name" != "$1" ] || printf '%s' "$value"
  done <plan.txt
}
run_jq() { program=$1; shift; jq -L . --slurpfile plan plan.json 'include "sweep"; $plan[0] as $p | '"$program" "$@"; }
clock() { jq -n 'now | floor'; }
# get NAME PATH FILE: the answer into FILE; what kubectl says of a refusal into NAME.error
get() { kubectl get --raw "$2" --request-timeout=20s >"$work/$3" 2>"$work/$1.error"; }
refused() { run_jq '{kind: "refused", call: $call, text: $text[0:16000]}' -n -c --arg call "$1" --rawfile text "$work/$2.error"; }

# pages NAME PATH PROGRAM: what PROGRAM makes of each page of a list into NAME.lines
pages() {
  : >"$work/$1.lines"
  next=
  page=0
  while [ "$page" -lt 100 ]; do
    page=$((page + 1))
    get "$1" "$2$next" page.json || return 1
    run_jq "$3" -c "$work/page.json" >>"$work/$1.lines" 2>"$work/$1.error" || return 1
    next=$(jq -r '.metadata.continue // "" | if . == "" then "" else "&continue=" + @uri end' "$work/page.json")
    [ -n "$next" ] || return 0
  done
  echo 'error: the list does not end' >"$work/$1.error"
  return 1
}

made=0
remove() {
  [ "$made" = 1 ] || return 0
  kubectl delete --raw "$pods" --request-timeout=60s >/dev/null 2>"$work/delete.error" ||
    kubectl delete -f "$work/pods.json" --ignore-not-found --wait=false --grace-period=0 --force >/dev/null 2>"$work/delete.error"
}
trap remove EXIT
trap 'exit 143' HUP INT TERM

# Removes the pods and sees that they are gone.
clean_up() {
  tries=0
  while [ "$tries" -lt 10 ]; do
    tries=$((tries + 1))
    remove
    if ! get left "$pods" left.json; then
      jq -n '{items: []}' >"$work/left.json"
      [ "$tries" -lt 2 ] || break
    elif [ "$(jq '.items | length' "$work/left.json")" = 0 ]; then
      made=0
      run_jq '{kind: "removed", left: []}' -n -c
      return
    fi
    sleep 1
  done
  [ -s "$work/delete.error" ] || jq -c . "$work/left.error" >"$work/delete.error" 2>/dev/null
  run_jq '{kind: "removed", left: [.items[:200][].metadata.name], why: $why[0:2000]}' -c --rawfile why "$work/delete.error" "$work/left.json"
}

remove_stale() {
  get stale "$(plan stalePath)" stale.list || return 0
  run_jq 'stale($p)' -c "$work/stale.list" >"$work/stale.json"
  stale=$(jq '.items | length' "$work/stale.json")
  [ "$stale" -gt 0 ] || return 0
  kubectl delete -f "$work/stale.json" --ignore-not-found --wait=false >/dev/null 2>"$work/stale.error" || return 0
  run_jq '{kind: "stale", removed: ($removed | tonumber)}' -n -c --arg removed "$stale"
}

# The rest of what there is to know of the cluster, while the pods run.
look_around() {
  remove_stale
  if pages services "$(plan servicesPath)" outside; then
    jq -n -c '{kind: "services-listed"}'
    jq -c . "$work/services.lines"
  else
    refused services services
  fi
  for name in kube-proxy cilium; do
    if get daemonset "/apis/apps/v1/namespaces/kube-system/daemonsets/$name" daemonset.json; then
      run_jq '{kind: "daemonset", name: $name}' -n -c --arg name "$name"
    else
      refused "daemonsets/$name" daemonset
    fi
  done
}

follow() {
  jq -n -c '[]' >"$work/states.json"
  until [ "$(clock)" -ge "$deadline" ]; do
    if get pods "$pods" now.json; then
      run_jq 'merge($p; $before[0]; $planned[0])' -c --slurpfile before "$work/states.json" --slurpfile planned "$work/planned.json" "$work/now.json" >"$work/next.json" &&
        jq -c . "$work/next.json" >"$work/states.json"
      [ "$(run_jq 'open($p) | length' "$work/states.json")" = 0 ] && return
    fi
    sleep 1
  done
}

# Looks once more at nodes that were silent: they may be gone, or not ready by now.
explain_silence() {
  run_jq 'silent($p; $states[0])' -c --slurpfile states "$work/states.json" "$work/pods.json" >"$work/silent.json"
  [ "$(jq length "$work/silent.json")" != 0 ] || return
  pages again "$(plan allNodesPath)" '.items[] | node($p)' || return
  jq -n -c '{kind: "looked-again"}'
  jq -c --slurpfile silent "$work/silent.json" 'select(.metadata.name as $name | any($silent[0][]; . == $name)) | {kind: "later", node: .}' "$work/again.lines"
}

sweep() {
  run_jq '{kind: "begin", format: 1, run: $p.run}' -n -c
  if ! pages nodes "$(plan nodesPath)" '.items[] | node($p)'; then
    refused nodes nodes
    return
  fi
  run_jq 'batch($p)' --slurp "$work/nodes.lines" >"$work/batch.json"
  run_jq 'batch_lines($p)' -c "$work/batch.json"
  jq -c '{apiVersion: "v1", kind: "List", items: .pods}' "$work/batch.json" >"$work/pods.json"
  jq -c '[.pods[].metadata.name]' "$work/batch.json" >"$work/planned.json"
  if [ "$(jq length "$work/planned.json")" -gt 0 ]; then
    pods=$(plan podsPath)
    made=1
    kubectl create -f "$work/pods.json" --validate=false -o name --request-timeout=20s >/dev/null 2>"$work/create.error" ||
      refused create create
    deadline=$(($(clock) + $(plan nodeTimeoutSeconds)))
    [ "$(plan first)" = no ] || look_around >"$work/around.out"
    follow
    jq -c '.[] | {kind: "pod", pod: .}' "$work/states.json"
    [ ! -s "$work/pods.error" ] || refused pods pods
    explain_silence
    clean_up
  else
    [ "$(plan first)" = no ] || look_around >"$work/around.out"
  fi
  [ "$(plan first)" = no ] || jq -c . "$work/around.out"
}

sweep >"$work/out" 2>"$work/complaints"
if [ -s "$work/complaints" ]; then
  jq -n -c --rawfile text "$work/complaints" '{kind: "complaint", text: $text[0:4000]}' >>"$work/out"
fi
jq -c . "$work/out"
jq -n -c --slurpfile all "$work/out" '{kind: "end", lines: ($all | length)}'
`
