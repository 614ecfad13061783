import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { adminKubeconfig, createKeys } from "./keys.ts";

/**
 * Addresses inside the cluster's own network, which has no way out. They are of the range for benchmarks (RFC 2544), so
 * that they can be nobody's.
 */
export const network = {
  node: "198.18.0.1",
  pods: "198.18.16.0/20",
  services: "198.18.32.0/20",
  apiService: "198.18.32.1",
} as const;

/** The image that holds a pod's namespaces. */
export const PAUSE_IMAGE = "cluster.test/pause:1";

/** Writes what the node's programs read at their start. */
export async function writeNodeFiles(state: string): Promise<void> {
  const keys = join(state, "keys");
  for (const folder of ["keys", "log", "cni", "root/var/log", "root/var/lib/cni", "root/var/lib/kubelet"])
    await mkdir(join(state, folder), { recursive: true });
  await createKeys(keys, [network.node, network.apiService, "127.0.0.1"]);
  const kubeconfig = join(state, "admin.kubeconfig");
  const files: Readonly<Record<string, string>> = {
    "admin.kubeconfig": JSON.stringify(await adminKubeconfig(keys, network.node)),
    "containerd.toml": containerd(state),
    "cni/10-pods.conflist": JSON.stringify(podNetwork),
    "resolv.conf": "",
    "kubelet.json": JSON.stringify(kubelet(state)),
    "proxy.json": JSON.stringify(proxy(kubeconfig)),
    Corefile: `.:53 {\n errors\n ready\n kubernetes cluster.local {\n kubeconfig ${kubeconfig}\n }\n cache 1\n}\n`,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(state, name), content);
}

/** Root of a container may lack the capability to lower a process' `oom_score_adj`. */
const containerd = (state: string): string => `version = 2
root = "${state}/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${state}/cni"
`;

/** Routed pairs of interfaces: a bridge would need a kernel module. */
const podNetwork = {
  cniVersion: "0.4.0",
  name: "pods",
  plugins: [
    {
      type: "ptp",
      ipam: {
        type: "host-local",
        dataDir: "/run/pod-addresses",
        ranges: [[{ subnet: network.pods }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
};

const kubelet = (state: string) => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  cgroupDriver: "cgroupfs",
  failCgroupV1: false,
  failSwapOn: false,
  oomScoreAdj: 0,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: false },
    x509: { clientCAFile: `${state}/keys/ca.crt` },
  },
  authorization: { mode: "AlwaysAllow" },
  tlsCertFile: `${state}/keys/server.crt`,
  tlsPrivateKeyFile: `${state}/keys/server.key`,
  clusterDNS: [network.node],
  clusterDomain: "cluster.local",
  resolvConf: `${state}/resolv.conf`,
  volumePluginDir: `${state}/volume-plugins`,
  imageGCHighThresholdPercent: 100,
  evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
});

/** The limits of connection tracking belong to the machine. */
const proxy = (kubeconfig: string) => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  clientConnection: { kubeconfig },
  hostnameOverride: "node",
  clusterCIDR: network.pods,
  mode: "iptables",
  oomScoreAdj: 0,
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
});
