#!/usr/bin/env bash
# Writes $RUNNER_TEMP/<user>.kubeconfig for a user with the rights of a check, and for one a remedy with these
# and the rights of deploy/rbac/<remedy>-clusterrole.yaml, and no others.
set -euo pipefail

kubectl apply -f deploy/rbac/
for user in auditor sysctl service-policy daemonset restore; do
  kubectl -n kube-system create serviceaccount "ach-$user"
  for role in auditor "$user"; do
    file="deploy/rbac/$role-clusterrole.yaml"
    for name in $(kubectl create --dry-run=client -o json -f "$file" | jq -r '(.items[]? // .) | select(.kind == "ClusterRole") | .metadata.name'); do
      kubectl create clusterrolebinding "ach-$user-$name" --clusterrole "$name" --serviceaccount "kube-system:ach-$user" \
        --dry-run=client -o yaml | kubectl apply -f -
    done
    for name in $(kubectl create --dry-run=client -o json -f "$file" | jq -r '(.items[]? // .) | select(.kind == "Role") | .metadata.name'); do
      kubectl -n kube-system create rolebinding "ach-$user-$name" --role "$name" --serviceaccount "kube-system:ach-$user" \
        --dry-run=client -o yaml | kubectl apply -f -
    done
  done
  token=$(kubectl -n kube-system create token "ach-$user" --duration 2h)
  echo "::add-mask::$token"
  config="$RUNNER_TEMP/$user.kubeconfig"
  (umask 077 && kubectl config view --raw --minify --flatten > "$config")
  kubectl --kubeconfig "$config" config unset users > /dev/null
  kubectl --kubeconfig "$config" config set-credentials "$user" --token "$token" > /dev/null
  kubectl --kubeconfig "$config" config set-context --current --user "$user" > /dev/null
done
