import { readFile } from "node:fs/promises";
import { join } from "node:path";

const nats = join(import.meta.dirname, "..", "..", "deploy", "nats");

/** What a pod of the standard `restricted` needs, and every image here can do. */
const pod = {
  automountServiceAccountToken: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 1000,
    fsGroup: 1000,
    seccompProfile: { type: "RuntimeDefault" },
  },
};
const container = {
  imagePullPolicy: "Never",
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
};

interface Server {
  readonly name: string;
  readonly port: number;
  readonly container: object;
  readonly volumes?: readonly object[];
}

/** A Deployment of one pod and its Service. What it stores is gone with the pod. */
function server({ name, port, container: own, volumes = [] }: Server): readonly object[] {
  const labels = { "app.kubernetes.io/name": name };
  const metadata = { name, labels };
  const spec = {
    ...pod,
    containers: [{ ...container, name, readinessProbe: { tcpSocket: { port }, periodSeconds: 1 }, ...own }],
    volumes,
  };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector: labels, ports: [{ port }] } },
  ];
}

export const users = ["operator", "gateway", "notifier", "inbox", "state"] as const;

/** NATS as `docker-compose.yml` runs it: a user for each service. The password of a user is its name. */
export async function natsServer(): Promise<readonly object[]> {
  const data = Object.fromEntries(
    await Promise.all(
      ["nats.conf", "users.conf"].map(
        async (name) => [name, await readFile(join(nats, name), "utf8")] as const,
      ),
    ),
  );
  const passwords = users.map((user) => ({ name: `NATS_${user.toUpperCase()}_PASSWORD`, value: user }));
  const mounts = [
    { name: "data", mountPath: "/data" },
    { name: "configuration", mountPath: "/etc/nats" },
  ];
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "nats" }, data },
    ...server({
      name: "nats",
      port: 4222,
      container: {
        image: "cluster.test/nats:1",
        args: ["-c", "/etc/nats/nats.conf"],
        env: passwords,
        volumeMounts: mounts,
      },
      volumes: [
        { name: "data", emptyDir: {} },
        { name: "configuration", configMap: { name: "nats" } },
      ],
    }),
  ];
}

export const mongoServer = (): readonly object[] => [
  ...server({
    name: "mongodb",
    port: 27017,
    container: {
      image: "cluster.test/mongo:1",
      args: [
        "--replSet=rs0",
        "--bind_ip_all",
        "--dbpath=/data",
        "--nounixsocket",
        "--wiredTigerCacheSizeGB=0.25",
      ],
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    },
    volumes: [{ name: "data", emptyDir: {} }],
  }),
  script("initiate-mongodb", {}),
];

/** Telegram, with people who approve. */
export const telegramServer = (botToken: string): readonly object[] =>
  server({ name: "telegram", port: 8080, container: runs("telegram", { TELEGRAM_BOT_TOKEN: botToken }) });

/** A pod that runs one of the scripts beside this file until it ends. */
export const script = (name: string, env: Readonly<Record<string, string>>, podName = name): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: podName },
  spec: {
    ...pod,
    restartPolicy: "Never",
    containers: [{ ...container, name, ...runs(name, env) }],
  },
});

const runs = (name: string, env: Readonly<Record<string, string>>) => ({
  image: "cluster.test/loopgate:1",
  command: ["node", `test/kubernetes/pods/${name}.ts`],
  env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
});
