import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, copyFile, mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { findHelm, findKubectl } from "@loopgate/testing";
import { type Image, writeImage } from "./image.ts";
import { network, PAUSE_IMAGE, writeNodeFiles } from "./node-files.ts";

const run = promisify(execFile);

const MAX_OUTPUT_BYTES = 100_000_000;
const START_TIMEOUT_MS = 180_000;
const LOOK_AGAIN_MS = 250;

/** Debian's packages with what runs the pods. */
const REQUIRED = {
  "/usr/bin/containerd": "containerd",
  "/usr/sbin/runc": "runc",
  "/usr/lib/cni/ptp": "containernetworking-plugins",
  "/usr/sbin/iptables": "iptables",
  "/usr/sbin/conntrack": "conntrack",
  "/usr/sbin/ipset": "ipset",
} as const;

/** A real Kubernetes of one node, in namespaces of this machine. */
export interface Cluster extends AsyncDisposable {
  /** Resolves with what the command printed. @throws Error with what it wrote to stderr, if it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Applies objects of the API. Resolves with what happened to each. */
  apply(...objects: readonly object[]): Promise<string>;
  /** What applying them would do, by the word of the API server. */
  check(...objects: readonly object[]): Promise<string>;
  helm(...args: readonly string[]): Promise<string>;
  /** Makes an image known to the node; pods use it with the pull policy `Never`. */
  load(image: Image): Promise<void>;
}

/**
 * Builds the cluster's programs if that was not done yet, and starts a cluster. It does not outlive this process.
 * @throws Error that says what to install.
 */
export async function startCluster(): Promise<Cluster> {
  await checkPackages();
  const programs = join(homedir(), ".cache", "loopgate", "kubernetes");
  await run(join(import.meta.dirname, "build.sh"), [programs], { maxBuffer: MAX_OUTPUT_BYTES });
  const [helm, kubectl] = [await findHelm(4), await findKubectl()];
  if (helm === undefined || kubectl === undefined) throw new Error("no Helm or kubectl");
  const state = await mkdtemp(join(tmpdir(), "loopgate-kubernetes-"));
  await writeNodeFiles(state);
  const node = await startNode(programs, state);
  const inNetwork = commandRunner("nsenter", [`--net=/proc/${node.pid}/ns/net`], {
    KUBECONFIG: join(state, "admin.kubeconfig"),
    HOME: state,
  });
  const inNode = commandRunner("nsenter", ["-t", String(node.pid), "--mount", "--pid", "--net"]);
  const cluster: Cluster = {
    kubectl: (...args) => inNetwork(kubectl, args),
    apply: (...objects) => inNetwork(kubectl, ["apply", "-f", "-"], listOf(objects)),
    check: (...objects) => inNetwork(kubectl, ["apply", "--dry-run=server", "-f", "-"], listOf(objects)),
    helm: (...args) => inNetwork(helm, args),
    load: async (image) => {
      const archive = join(state, "image.tar");
      await writeImage(image, archive);
      const socket = ["-a", "/run/containerd/containerd.sock", "-n", "k8s.io"];
      await inNode("ctr", [...socket, "images", "import", "--digests=false", archive]);
      await rm(archive);
    },
    [Symbol.asyncDispose]: async () => {
      await node.stop();
      await rm(state, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  try {
    await becomeReady(cluster, programs, state);
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

const listOf = (items: readonly object[]): string =>
  JSON.stringify({ apiVersion: "v1", kind: "List", items });

async function checkPackages(): Promise<void> {
  const missing: string[] = [];
  for (const [file, name] of Object.entries(REQUIRED)) {
    await access(file).catch(() => missing.push(name));
  }
  if (process.getuid?.() !== 0) throw new Error("the cluster needs root: its node has namespaces of its own");
  if (missing.length > 0) throw new Error(`the cluster needs packages: apt-get install ${missing.join(" ")}`);
}

interface RunningNode {
  /** The first process of the node's namespaces, as this machine numbers it. */
  readonly pid: number;
  stop(): Promise<void>;
}

async function startNode(programs: string, state: string): Promise<RunningNode> {
  const script = (name: string) => join(import.meta.dirname, name);
  const log = await open(join(state, "log", "node.log"), "a");
  const args = [script("node.sh"), programs, state, network.node, network.pods, network.services];
  const outer = spawn(script("enter.sh"), args, { stdio: ["ignore", log.fd, log.fd] });
  await log.close();
  const gone = once(outer, "exit");
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const pid = await firstChildOf(outer.pid ?? 0);
    if (pid !== undefined) {
      return {
        pid,
        stop: async () => {
          outer.kill("SIGKILL");
          await gone;
          await removeControlGroups();
        },
      };
    }
    if (outer.exitCode !== null || Date.now() > deadline)
      throw new Error(`the node does not start: ${await readFile(join(state, "log", "node.log"), "utf8")}`);
    await pause(LOOK_AGAIN_MS);
  }
}

async function firstChildOf(parent: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8").catch(() => "");
  const child = Number(children.split(" ")[0]);
  if (child === 0) return undefined;
  const command = await readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "");
  return command.includes("node.sh") ? child : undefined;
}

/** The processes in them end a moment after the first one of their namespace. */
async function removeControlGroups(): Promise<void> {
  const find = ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", "*/loopgate-kubernetes*"];
  for (let attempt = 0; attempt < 40; attempt += 1) {
    await run("find", [...find, "-exec", "rmdir", "{}", "+"]).catch(() => undefined);
    if ((await run("find", find)).stdout === "") return;
    await pause(LOOK_AGAIN_MS);
  }
}

async function becomeReady(cluster: Cluster, programs: string, state: string): Promise<void> {
  const root = join(state, "pause");
  await mkdir(root);
  await copyFile(join(programs, "pause"), join(root, "pause"));
  const image = { name: PAUSE_IMAGE, layers: [root], config: { Entrypoint: ["/pause"] } };
  await untilDone(() => cluster.load(image));
  await untilDone(() => cluster.kubectl("wait", "--for=condition=Ready", "node/node", "--timeout=60s"));
}

/** Repeats until it succeeds, or has failed for three minutes. */
async function untilDone(action: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await action();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(LOOK_AGAIN_MS);
    }
  }
}

const commandRunner =
  (first: string, prefix: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  async (command: string, args: readonly string[], input = ""): Promise<string> => {
    const running = run(first, [...prefix, command, ...args], {
      maxBuffer: MAX_OUTPUT_BYTES,
      env: { ...process.env, ...env },
    });
    running.child.stdin?.end(input);
    try {
      return (await running).stdout;
    } catch (error) {
      const { stderr, stdout } = error as { readonly stderr: string; readonly stdout: string };
      throw new Error(`${command} ${args.join(" ")}: ${stderr}${stdout}`, { cause: error });
    }
  };
