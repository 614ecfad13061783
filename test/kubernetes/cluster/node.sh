#!/usr/bin/env bash
# The first process in the namespaces of the cluster's node (cluster.ts starts it): mounts, the network, then the programs.
# When it is killed, everything in the namespaces is gone.
#   node.sh PROGRAMS STATE ADDRESS POD_RANGE SERVICE_RANGE
set -euo pipefail
programs=$1 state=$2 address=$3 pods=$4 services=$5

# This network's sysfs, and the control groups as this namespace sees them.
mount --make-rprivate /
groups=$(awk -F: '$2 != "" { print $2 }' /proc/self/cgroup)
umount -R -l /sys
mount -t sysfs sysfs /sys
if [ -z "$groups" ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  for group in $groups; do
    mkdir "/sys/fs/cgroup/${group#name=}"
    case $group in
      name=*) mount -t cgroup -o "none,$group" cgroup "/sys/fs/cgroup/${group#name=}" ;;
      *) mount -t cgroup -o "$group" cgroup "/sys/fs/cgroup/$group" ;;
    esac
  done
fi
# Folders that the programs do not let anyone choose.
mount -t tmpfs -o mode=755 tmpfs /run
for folder in /var/log /var/lib/cni /var/lib/kubelet; do
  mkdir -p "$folder" "$state/root$folder"
  mount --bind "$state/root$folder" "$folder"
done
# The kubelet sets these for the whole machine. Here it writes into files.
mkdir -p "$state/sysctl"
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$state/sysctl/$(basename "${setting%=*}")
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done
mount --make-rshared /
hostname node

# A network without a way out. Packets to services take the default route, into kube-proxy's rules.
ip link set lo up
ip link add node0 type veth peer name node1
ip address add "$address/32" dev node0
ip link set node0 up
ip link set node1 up
ip route add default dev node0 src "$address"
echo 1 > /proc/sys/net/ipv4/ip_forward

run() {
  local name=$1; shift
  while :; do "$@" >> "$state/log/$name.log" 2>&1 || true; sleep 1; done &
}
keys=$state/keys
admin=$state/admin.kubeconfig
run etcd "$programs/etcd" --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn
run apiserver "$programs/kube" apiserver --etcd-servers http://127.0.0.1:2379 --advertise-address "$address" \
  --secure-port 6443 --service-cluster-ip-range "$services" --client-ca-file "$keys/ca.crt" \
  --tls-cert-file "$keys/server.crt" --tls-private-key-file "$keys/server.key" \
  --kubelet-certificate-authority "$keys/ca.crt" --kubelet-preferred-address-types InternalIP \
  --kubelet-client-certificate "$keys/admin.crt" --kubelet-client-key "$keys/admin.key" \
  --service-account-issuer https://kubernetes.default.svc.cluster.local \
  --service-account-key-file "$keys/accounts.pub" --service-account-signing-key-file "$keys/accounts.key" \
  --authorization-mode RBAC --profiling=false
run containerd containerd --config "$state/containerd.toml"
run controllers "$programs/kube" controllers --kubeconfig "$admin" --leader-elect=false --root-ca-file "$keys/ca.crt" \
  --service-account-private-key-file "$keys/accounts.key" --bind-address 127.0.0.1
run scheduler "$programs/kube" scheduler --kubeconfig "$admin" --leader-elect=false --bind-address 127.0.0.1
run kubelet "$programs/kube" kubelet --config "$state/kubelet.json" --kubeconfig "$admin" --root-dir "$state/kubelet" \
  --hostname-override node --node-ip "$address"
run proxy "$programs/kube" proxy --config "$state/proxy.json"
# Enforces NetworkPolicies, and nothing else.
run kube-router "$programs/kube-router" --kubeconfig "$admin" --hostname-override node --run-firewall=true \
  --run-router=false --run-service-proxy=false --run-loadbalancer=false --service-cluster-ip-range "$services" --v=1
run coredns "$programs/coredns" -conf "$state/Corefile"
wait
