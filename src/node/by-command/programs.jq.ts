/**
 * What the script in the cluster does with JSON, as a module for jq 1.6 and later. Objects of the cluster are
 * cut down to the fields that are read, with bounds, and what is printed is one JSON value a line. Which
 * nodes get a pod and when a pod is settled must agree with scope.ts, nodes.ts and pod-state.ts (tests compare
 * them); where it does not, the result of a node is unread.
 */
export const PROGRAMS = String.raw`
def cut($most): if type == "string" and length > $most then .[0:$most] else . end;
def compact: walk(if type == "object" then with_entries(select(.value != null)) else . end);
def listed: if type == "array" then .[] else empty end;

# A termination message: at most what a kubelet hands on. What JSON would write with six bytes becomes a soft
# hyphen, which no valid line has either.
def answer: if type == "string"
  then .[0:4097] | explode | map(if (. < 32 and . != 10) or . == 127 then 173 else . end) | implode
  else null end;

def node($p): {
  metadata: {
    name: .metadata.name, uid: .metadata.uid,
    labels: (.metadata.labels // {} | with_entries(select(.key as $key | any($p.labels[]; . == $key)) | .value |= cut(63)))
  },
  spec: {
    unschedulable: .spec.unschedulable, providerID: (.spec.providerID | cut(80)),
    taints: ([.spec.taints | listed | {key, effect, value: (.value | cut(63))}] | .[0:30])
  },
  status: {
    capacity: (.status.capacity // {} | {cpu, memory}),
    conditions: ([.status.conditions | listed | select(.type == "Ready")
      | {type, status, reason: (.reason | cut(100)), message: (.message | cut(300)), lastTransitionTime: (.lastTransitionTime | cut(40))}] | .[0:1]),
    addresses: ([.status.addresses | listed | select(.type == "InternalIP") | {type, address: (.address | cut(64))}] | .[0:1]),
    nodeInfo: (.status.nodeInfo // {} | {operatingSystem, osImage: (.osImage | cut(100)), bootID: (.bootID | cut(64))})
  }
} | compact;

def pool($p): .metadata.labels as $labels
  | [$p.poolLabels[] | $labels[.] // "" | select(. != "")] | .[0] // "";
def in_scope($p): pool($p) as $pool | .metadata.name as $name
  | ($p.pools == [] or any($p.pools[]; . == $pool)) and ($p.nodes == [] or any($p.nodes[]; . == $name));

def windows: .status.nodeInfo.operatingSystem // .metadata.labels["kubernetes.io/os"] // "" | ascii_downcase == "windows";
def virtual: .metadata.labels.type == "virtual-kubelet"
  or any(.spec.taints[]; .key == "virtual-kubelet.io/provider")
  or (.spec.providerID // "" | test("^(virtual-kubelet|aci):"));
def ready: any(.status.conditions[]; .status == "True");
def readable: (windows or virtual | not) and ready;

def bound($template; $index): .metadata.name as $node
  | ([.spec.taints[] | select((.key // "") != "" and (.effect // "") != "") | {key, operator: "Exists", effect}] | unique) as $tolerations
  | $template
  | .metadata.name += "-\($index)"
  | .spec.nodeName = $node
  | .spec.tolerations = $tolerations;

# From all nodes: those of this command, with their pods, those after them, and what else there is.
def batch($p):
  (map(select(in_scope($p))) | sort_by(.metadata.name) | map(select(.metadata.name > $p.after))) as $due
  | $due[0:$p.most] as $now
  | [$now[] | select(readable)] as $readable
  | {
      nodes: $now,
      pods: [range($readable | length) as $index | $readable[$index] | bound($p.template; $index)],
      rest: ($due[$p.most:] | {
        total: length,
        nodes: [.[0:$p.mostOthers][] | {metadata: {name: .metadata.name, labels: .metadata.labels}, status: {conditions: .status.conditions, nodeInfo: .status.nodeInfo}}]
      }),
      others: [.[] | select(in_scope($p) | not) | {metadata: {name: .metadata.name, labels: {agentpool: pool($p)}}}][0:$p.mostOthers]
    };

def batch_lines($p):
  {kind: "listed", nodes: (.nodes | length), rest: .rest.total},
  (.nodes[] | {kind: "node", node: .}),
  (.pods[] | {kind: "pod-planned", pod: .metadata.name, node: .spec.nodeName}),
  (.rest.nodes[] | {kind: "rest", node: .}),
  (if $p.after == "" then .others[] | {kind: "other", node: .} else empty end);

def pod: {
  metadata: {name: .metadata.name, uid: .metadata.uid},
  spec: {nodeName: .spec.nodeName, hostNetwork: .spec.hostNetwork},
  status: {
    phase: .status.phase, reason: (.status.reason | cut(100)), message: (.status.message | cut(500)),
    containerStatuses: [.status.containerStatuses | listed | select(.name == null or .name == "auditor") | {state: (.state // {} | {
      running: (.running | if . == null then . else {} end),
      waiting: (.waiting | if . == null then . else {reason: (.reason | cut(100)), message: (.message | cut(1000))} end),
      terminated: (.terminated | if . == null then . else {exitCode, signal, reason: (.reason | cut(100)), message: (.message | answer)} end)
    })}][0:1]
  }
} | compact;

# Nothing that a pod of this state will do can change its node's result.
def settled($p):
  (.status.containerStatuses[0].state // {}) as $state
  | ($state.waiting.reason // "") as $reason
  | ($state.waiting.message // "") as $said
  | $state.terminated != null or .status.phase == "Failed" or .status.phase == "Succeeded"
    or any($p.hopeless.other[]; . == $reason)
    or (any($p.hopeless.image[]; . == $reason)
      and ($said | test($p.hopeless.passing; "i") | not)
      and ($reason != "ImagePullBackOff" or ($said | test($p.hopeless.final; "i"))));

# Pods as they were when they were settled, else as they are now.
def merge($p; $before; $planned):
  [$before[] | select(settled($p))] as $kept
  | [$kept[].metadata.name] as $names
  | $kept + [.items[] | pod | select(.metadata.name as $name | any($planned[]; . == $name) and all($names[]; . != $name))];
def open($p): map(select(settled($p) | not));
# Nodes of planned pods that are not settled.
def silent($p; $states):
  [$states[] | select(settled($p)) | .metadata.name] as $settled
  | [.items[] | select(.metadata.name as $name | all($settled[]; . != $name)) | .spec.nodeName];

def outside: .items[] | select(.spec.type == "LoadBalancer" or .spec.type == "NodePort")
  | {kind: "service", service: {
      metadata: {namespace: .metadata.namespace, name: .metadata.name, resourceVersion: .metadata.resourceVersion},
      spec: {type: .spec.type, externalTrafficPolicy: .spec.externalTrafficPolicy}
    }};

def stale($p): .items | map(select(.metadata.deletionTimestamp == null
    and (.metadata.labels[$p.instanceLabel] // "") != ""
    and (.metadata.annotations[$p.expiresAnnotation] // "" | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$") and . < $p.now)))
  | {apiVersion: "v1", kind: "List", items: [.[0:500][] | {apiVersion: "v1", kind: "Pod", metadata: {name: .metadata.name, namespace: .metadata.namespace}}]};
`
