import { setTimeout as pause } from "node:timers/promises";
import {
  freePorts,
  type MongoServer,
  type NatsServer,
  startMongoServer,
  startNatsServer,
} from "@loopgate/testing";
import { type RunningLoopgate, telegramEnvironment } from "./loopgate.ts";
import { type ServiceProcess, startServiceProcess } from "./service-process.ts";

type Environment = Readonly<Record<string, string>>;

export interface DeploymentOptions {
  readonly apiRoot: string;
  /** For every service. */
  readonly environment?: Environment;
  /** In place of a broker that lets everybody do everything. */
  readonly nats?: NatsServer;
}

/** A service of a deployment. */
export interface DeployedService extends ServiceProcess {
  /** `http://127.0.0.1:<port>`, where it tells whether it is ready; a gateway and an inbox serve everything else there. */
  readonly url: string;
}

/** The distributed topology on this machine: a broker and a database of its own, and the services that a test starts. */
export interface Deployment extends AsyncDisposable {
  readonly nats: NatsServer;
  readonly mongo: MongoServer;
  /** The connection string of the database that its services use. */
  readonly database: string;
  /** Starts a service; resolves once it is ready, or with `awaitReady: false` once it answers. */
  start(service: ServiceName, options?: StartOptions): Promise<DeployedService>;
  /** One of each service, as one Loopgate. */
  startAll(): Promise<RunningLoopgate>;
}

export type ServiceName = "gateway" | "inbox" | "notifier" | "state";

interface StartOptions {
  readonly environment?: Environment;
  readonly awaitReady?: boolean;
}

/** @throws Error that says what to do when an engine can't be had. */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { apiRoot, environment = {} } = options;
  const parts = new AsyncDisposableStack();
  const nats = parts.use(there(options.nats ?? (await startNatsServer())));
  const mongo = parts.use(there(await startMongoServer()));
  const database = mongo.newDatabase();
  const common = {
    ...telegramEnvironment(apiRoot),
    NATS_URL: nats.url,
    MONGODB_URI: database,
    ...environment,
  };
  const start = async (
    service: ServiceName,
    { environment: own = {}, awaitReady = true }: StartOptions = {},
  ) => parts.use(await startService(service, { ...common, ...own }, awaitReady));
  return {
    nats,
    mongo,
    database,
    start,
    startAll: async () => asOne(await Promise.all([start("gateway"), start("notifier"), start("state")])),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function startService(
  service: ServiceName,
  environment: Environment,
  awaitReady: boolean,
): Promise<DeployedService> {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const process = await startServiceProcess({
    script: `services/${service}/src/main.ts`,
    environment: { ...environment, [portOf[service]]: String(port) },
    ready: () => answers(`${url}/${awaitReady ? "readyz" : "healthz"}`),
  });
  return { ...process, url };
}

const portOf: Readonly<Record<ServiceName, string>> = {
  gateway: "SERVER_PORT",
  inbox: "SERVER_PORT",
  notifier: "HEALTH_PORT",
  state: "HEALTH_PORT",
};

async function answers(url: string): Promise<void> {
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    await response?.text();
    if (response?.ok === true) return;
    await pause(10);
  }
}

/** Callers know the gateway; what is done to Loopgate is done to all its services. */
function asOne(services: readonly [DeployedService, ...DeployedService[]]): RunningLoopgate {
  const all = <Result>(act: (service: DeployedService) => Promise<Result>) => Promise.all(services.map(act));
  return {
    url: services[0].url,
    output: () => services.map((service) => service.output()).join(""),
    stop: async () => (await all((service) => service.stop())).find((code) => code !== 0) ?? 0,
    kill: async () => void (await all((service) => service.kill())),
    [Symbol.asyncDispose]: async () => void (await all((service) => service.kill())),
  };
}

function there<Engine>(engine: Engine | undefined): Engine {
  if (engine === undefined) throw new Error("the distributed topology needs both engines (see above)");
  return engine;
}
