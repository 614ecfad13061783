import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { buildImages } from "./cluster/images.ts";
import { type Cluster, startCluster } from "./cluster/cluster.ts";
import { network } from "./cluster/node-files.ts";
import { mongoServer, natsServer, script, telegramServer, users } from "./neighbours.ts";

const run = promisify(execFile);

const root = join(import.meta.dirname, "..", "..");
const NAMESPACE = "gate";
/** Another namespace, with a pod in it. */
export const STRANGERS = "strangers";
const BOT_TOKEN = "123456:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi";

/** What a pod of agents reports. */
const Summary = z.object({
  asked: z.number(),
  approved: z.number(),
  otherwise: z.number(),
  probes: z.number(),
  refused: z.array(z.string()),
});

/** A cluster with the chart's neighbours: NATS, MongoDB and Telegram. The chart itself is not installed. */
export class Release implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #apiKey: string;
  readonly #values: string;

  private constructor(cluster: Cluster, apiKey: string, values: string) {
    this.#cluster = cluster;
    this.#apiKey = apiKey;
    this.#values = values;
  }

  static async prepare(): Promise<Release> {
    const cluster = await startCluster();
    const folder = await mkdtemp(join(tmpdir(), "loopgate-images-"));
    try {
      for (const image of await buildImages(folder)) await cluster.load(image);
      const { key, file } = await newApiKey();
      const values = join(folder, "values.json");
      await writeFile(values, JSON.stringify(chartValues));
      const release = new Release(cluster, key, values);
      await release.#addNeighbours(file);
      return release;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.#cluster.kubectl("-n", NAMESPACE, ...args);
  }

  /** Has the API server judge objects without storing them. Resolves with what it says of each. */
  check(...objects: readonly object[]): Promise<string> {
    return this.#cluster.check(...objects);
  }

  /**
   * Installs the chart, or upgrades it to other values. Resolves when everything is ready.
   * @throws Error if it does not get ready in time.
   */
  async deploy(...args: readonly string[]): Promise<void> {
    const chart = join(root, "deploy", "chart");
    const how = ["--install", "--namespace", NAMESPACE, "--values", this.#values, "--wait", "--timeout=180s"];
    await this.#cluster.helm("upgrade", "loopgate", chart, ...how, ...args);
  }

  /** Returns to the revision that was deployed last. Resolves when everything is ready. */
  async rollBack(): Promise<void> {
    await this.#cluster.helm("rollback", "loopgate", "--namespace", NAMESPACE, "--wait", "--timeout=120s");
  }

  /** Starts a pod of agents. */
  async startAgents(name: string, env: Readonly<Record<string, string>>): Promise<void> {
    const address = { LOOPGATE_URL: "http://loopgate-gateway:8080", LOOPGATE_API_KEY: this.#apiKey };
    await this.#apply(script("agents", { ...address, ...env }, name));
    await this.kubectl("wait", "--for=jsonpath={.status.phase}=Running", `pod/${name}`, "--timeout=60s");
  }

  /** Tells a pod of agents to ask nothing more, and waits for the answers that it still expects. */
  async stopAgents(name: string) {
    await this.kubectl("exec", name, "--", "node", "-e", "process.kill(1, 'SIGTERM')");
    return this.summaryOf(name);
  }

  async summaryOf(name: string) {
    await this.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", `pod/${name}`, "--timeout=120s");
    const lines = (await this.kubectl("logs", name)).trim().split("\n");
    return Summary.parse(JSON.parse(lines.at(-1) ?? ""));
  }

  /** The pods of a service that are ready, by name. */
  async podsOf(service: string): Promise<readonly string[]> {
    const selector = `app.kubernetes.io/component=${service}`;
    const text = await this.kubectl(
      "get",
      "pods",
      "-l",
      selector,
      "-o",
      "jsonpath={.items[*].metadata.name}",
    );
    return text.split(" ");
  }

  /** Whether a pod of a Deployment can open a connection. One that is neither accepted nor refused counts as a no. */
  async reaches({ from, namespace = NAMESPACE, to }: Connection): Promise<boolean> {
    const [host = "", port = ""] = to.split(":");
    const where = ["-n", namespace, "exec", `deploy/${from}`, "--"];
    const said = await this.#cluster.kubectl(...where, "node", "-e", CONNECT, host, port);
    return said.trim() === "yes";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]();
    await rm(join(this.#values, ".."), { recursive: true });
  }

  #apply(...objects: readonly object[]): Promise<string> {
    return this.#cluster.apply(...inNamespace(NAMESPACE, objects));
  }

  async #addNeighbours(apiKeys: string): Promise<void> {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    for (const name of [NAMESPACE, STRANGERS])
      await this.#cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
    const addresses = users.map((user) => [`nats-url-${user}`, `nats://${user}:${user}@nats:4222`] as const);
    const stringData = {
      ...Object.fromEntries(addresses),
      "mongodb-uri": "mongodb://mongodb:27017/loopgate?replicaSet=rs0",
      "telegram-bot-token": BOT_TOKEN,
      "api-keys.json": apiKeys,
    };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "loopgate" }, stringData };
    await this.#apply(secret, ...(await natsServer()), ...mongoServer(), ...telegramServer(BOT_TOKEN));
    await this.#cluster.apply(...inNamespace(STRANGERS, telegramServer(BOT_TOKEN)));
  }
}

const inNamespace = (namespace: string, objects: readonly object[]): readonly object[] =>
  objects.map((object) => {
    const { metadata } = object as { readonly metadata: object };
    return { ...object, metadata: { ...metadata, namespace } };
  });

/** A connection between pods. */
export interface Connection {
  /** The name of a Deployment. */
  readonly from: string;
  /** Default: the release's own. */
  readonly namespace?: string;
  /** A host and a port. */
  readonly to: string;
}

const CONNECT = `
  const socket = require("node:net").connect(process.argv[2], process.argv[1]);
  const say = (answer) => { console.log(answer); process.exit(); };
  socket.on("connect", () => say("yes")).on("error", () => say("no"));
  setTimeout(() => say("no"), 3000);`;

const chartValues = {
  image: { repository: "cluster.test/loopgate", tag: "1", pullPolicy: "Never" },
  nats: { replicas: 1 },
  inbox: { enabled: true, publicUrl: "https://inbox.example.com" },
  telegram: { chatId: 7, apiRoot: "http://telegram:8080" },
  networkPolicy: {
    // The cluster's DNS is a program of the node.
    dns: { to: [{ ipBlock: { cidr: `${network.node}/32` } }] },
    telegram: {
      to: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "telegram" } } }],
      ports: [{ protocol: "TCP", port: 8080 }],
    },
  },
};

async function newApiKey(): Promise<{ readonly key: string; readonly file: string }> {
  const { stdout } = await run("node", ["services/loopgate/src/cli.ts", "key", "--id", "agents"], {
    cwd: root,
  });
  const key = /lk_\w+/.exec(stdout)?.[0];
  const entry = /\{.*\}/s.exec(stdout)?.[0];
  if (key === undefined || entry === undefined) throw new Error("loopgate key printed no key");
  return { key, file: `[${entry}]` };
}
