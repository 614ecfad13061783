#!/usr/bin/env bash
# enter.sh COMMAND...: runs a command in control groups of its own below the caller's, and in namespaces of its own. It
# ends with its parent.
set -euo pipefail
while IFS=: read -r _ controllers path; do
  [ -n "$controllers" ] || continue
  parent=/sys/fs/cgroup/${controllers#name=}${path%/}
  [ -d "$parent" ] || continue
  mkdir -p "$parent/loopgate-kubernetes"
  for setting in cpuset.cpus cpuset.mems; do
    [ ! -e "$parent/$setting" ] || cat "$parent/$setting" > "$parent/loopgate-kubernetes/$setting"
  done
  echo $$ > "$parent/loopgate-kubernetes/cgroup.procs"
done < /proc/self/cgroup
exec setpriv --pdeathsig KILL unshare --pid --mount --net --uts --ipc --cgroup --fork --kill-child --mount-proc "$@"
