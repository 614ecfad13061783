#!/usr/bin/env bash
# build.sh FOLDER: compiles what is missing of the cluster's programs into a folder. The first time takes some ten minutes
# of two cores; Go's cache makes it a minute afterwards.
set -euo pipefail
out=$1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
# kube-router's go.mod holds it to the versions of kube's, so that Go's cache serves both.
declare -A package=([kube-router]=github.com/cloudnativelabs/kube-router/v2/cmd/kube-router)
for program in pause etcd coredns kube kube-router; do
  [ -e "$out/$program" ] && continue
  # A version is what kubectl and the kubelet compare.
  version=v1.34.4 stamp=k8s.io/component-base/version
  (cd "$here/programs/$program" && CGO_ENABLED=0 GOFLAGS="-p=2 -buildvcs=false" nice -n 19 go build -trimpath \
    -ldflags "-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=34 -X $stamp.gitTreeState=clean -X $stamp.gitCommit=0000000000000000000000000000000000000000 -X $stamp.buildDate=2026-01-01T00:00:00Z" \
    -o "$out/$program.new" "${package[$program]:-.}" && mv "$out/$program.new" "$out/$program")
done
