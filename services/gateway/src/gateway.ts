import { type Bucket, type EventLog, type RequestQueries, StartupError } from "@loopgate/bus";
import type { RequestLog } from "@loopgate/requests";
import type { RecipientPolicy } from "@loopgate/domain";
import {
  addHealthRoutes,
  addMetricsRoute,
  explainTaken,
  type HealthCheck,
  type Logger,
  type Metrics,
} from "@loopgate/runtime";
import { addReadingRoutes, addV1, createApp, firstOf, type WebExtension } from "@loopgate/rest";
import type { FastifyInstance } from "fastify";
import { ApiKeys } from "./access/api-keys.ts";
import { apiKeyAuthenticator, localAuthenticator } from "./access/authenticator.ts";
import { type GatewaySettings, mayListen, OPEN_TO_NETWORK } from "./config/gateway-settings.ts";
import { Calls } from "./calls.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";
import { rejectRequest } from "./http/errors.ts";
import { addFrontPage, addInfoRoutes } from "./http/info-routes.ts";
import { addHitlRoutes } from "./legacy/hitl-routes.ts";
import { JsonCalls } from "./legacy/json-calls.ts";
import { addSessionRoutes } from "./legacy/session-routes.ts";
import { addMcpRoutes } from "./mcp/mcp-routes.ts";
import { type StdioClient, StdioServer, type StdioStream } from "./mcp/stdio-server.ts";
import { addAskingRoutes } from "./rest/asking-routes.ts";
import { addSessionResource, type SessionChannel } from "./rest/session-resource.ts";
import { requestReader } from "./rest/request-reader.ts";
import { Departures } from "./requests/departures.ts";
import { Submitter } from "./requests/submitter.ts";
import { Waiters } from "./requests/waiters.ts";
import { SessionCalls } from "./sessions/session-calls.ts";
import { SessionRegistry } from "./sessions/session-registry.ts";
import { cancelRequest } from "./tools/cancel-request.ts";
import { checkRequestStatus } from "./tools/check-request-status.ts";
import { listPendingRequests } from "./tools/list-pending-requests.ts";
import { ToolRegistry } from "./tools/registry.ts";
import { requestHumanInput } from "./tools/request-human-input.ts";

const DEFAULT_MAX_WAITERS = 20_000;

/** How long idle connections may stay open while the gateway stops, in milliseconds. */
const LINGER_MS = 500;

export interface GatewayOptions {
  readonly log: EventLog;
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
  /** The `sessions` bucket. */
  readonly sessions: Bucket;
  /** The `departures` bucket. */
  readonly departures: Bucket;
  readonly policy: RecipientPolicy;
  /** The channels whose recipients `/v1/sessions` registers. */
  readonly sessionChannels: readonly [SessionChannel, ...SessionChannel[]];
  /** False for an endpoint that is known as a place where no person can answer. Default: every endpoint may be registered. */
  readonly takesAnswers?: ((endpoint: string) => Promise<boolean>) | undefined;
  readonly settings: GatewaySettings;
  /** What another service of this process serves on the same port, such as the inbox. */
  readonly extension?: WebExtension | undefined;
  /** For `/readyz`. */
  readonly checks: readonly HealthCheck[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
}

/** Serves MCP and HTTP. Disposing drains, answers the running calls, and closes. */
export interface Gateway extends AsyncDisposable {
  readonly app: FastifyInstance;

  /**
   * Listens; resolves with `http://<host>:<port>`.
   * @throws StartupError for a port in use, and for a host beyond loopback without keys unless the settings are `insecure`.
   */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;

  /**
   * Serves a client that sends lines, as over stdio. Its questions go to the recipients in `policy`. Resolves when either
   * side has disconnected.
   */
  connect(stream: StdioStream, client: StdioClient): Promise<void>;

  /** From now on `/readyz` is 503, and every wait ends at once with the request as it is. */
  drain(): void;
}

/** Builds the gateway and subscribes to decisions. It keeps no state of its own, so any replica serves any call. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, requests, queries, policy, settings, extension, checks, logger, version } = options;
  const { allowedHosts, allowedOrigins, keepAliveMs, maxWaiters = DEFAULT_MAX_WAITERS } = settings;
  const metrics = gatewayMetrics(options.metrics);
  const sessions = new SessionRegistry(options.sessions, policy, options.takesAnswers);
  const waiters = await Waiters.open({ log, requests, metrics, maxWaiters });
  const now = () => new Date();
  const submitter = new Submitter({
    requests,
    queries,
    sessions,
    departures: new Departures(options.departures),
    settings,
    logger,
    metrics,
    now,
  });
  const calls = new Calls(logger, metrics);
  const tools = new ToolRegistry(
    [
      requestHumanInput({ submitter, waiters, settings }),
      checkRequestStatus({ requests, queries, waiters, settings }),
      listPendingRequests(queries),
      cancelRequest(queries),
    ],
    calls,
  );
  const plainCalls = new JsonCalls(tools, version);
  const keys = settings.apiKeys === undefined ? undefined : new ApiKeys(settings.apiKeys, logger);
  const ownAuthenticator = keys === undefined ? localAuthenticator : apiKeyAuthenticator(keys);
  const authenticator =
    extension === undefined ? ownAuthenticator : firstOf([extension.authenticator, ownAuthenticator]);
  const app = createApp({ allowedHosts, allowedOrigins, authenticator, reject: rejectRequest, logger });
  const mcp = addMcpRoutes(app, { tools, plainCalls, version, keepAliveMs, logger });
  const stdio = new StdioServer({ tools, plainCalls, version, logger });
  addInfoRoutes(app, tools, version);
  addHitlRoutes(app, tools);
  const sessionCalls = new SessionCalls(sessions, logger);
  addSessionRoutes(app, sessionCalls);
  await addV1(app, {
    logger,
    version,
    addRoutes: (v1) => {
      addReadingRoutes(v1, requestReader({ tools, calls, queries }));
      addAskingRoutes(v1, tools);
      addSessionResource(v1, sessionCalls, options.sessionChannels);
      extension?.addV1Routes(v1);
    },
  });
  if (extension === undefined) addFrontPage(app, version);
  else extension.addRoutes(app);
  const gateway = new ComposedGateway({ app, mcp, stdio, calls, waiters, keys, policy, settings, logger });
  addHealthRoutes(app, { checks: () => checks, isDraining: () => gateway.isDraining });
  addMetricsRoute(app, options.metrics);
  return gateway;
}

interface ComposedGatewayOptions {
  readonly app: FastifyInstance;
  readonly mcp: AsyncDisposable;
  readonly stdio: StdioServer;
  readonly calls: Calls;
  readonly waiters: Waiters;
  readonly keys: ApiKeys | undefined;
  readonly policy: RecipientPolicy;
  readonly settings: GatewaySettings;
  readonly logger: Logger;
}

class ComposedGateway implements Gateway {
  readonly app: FastifyInstance;
  readonly #options: ComposedGatewayOptions;
  #isDraining = false;

  constructor(options: ComposedGatewayOptions) {
    this.app = options.app;
    this.#options = options;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<string> {
    const { keys, policy, settings, logger } = this.#options;
    if (!mayListen(host, settings)) throw new StartupError(`SERVER_HOST ${OPEN_TO_NETWORK}`);
    if (policy.isOpen && keys === undefined) logger.warn(everyRecipientAllowed(policy));
    return this.app.listen({ host, port }).catch(explainTaken("SERVER_PORT", port));
  }

  connect(stream: StdioStream, client: StdioClient): Promise<void> {
    return this.#options.stdio.serve(stream, client);
  }

  drain(): void {
    this.#isDraining = true;
    this.#options.waiters.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { mcp, stdio, calls, waiters, keys } = this.#options;
    this.drain();
    await close(this.app, calls, [mcp, stdio]);
    await waiters[Symbol.asyncDispose]();
    keys?.[Symbol.dispose]();
  }
}

/** Keeps listening until the calls that ran when the stop began have ended, so that probes see `/readyz` fail. */
async function close(
  app: FastifyInstance,
  calls: Calls,
  connections: readonly AsyncDisposable[],
): Promise<void> {
  await calls.settled();
  const closed = app.close();
  await calls.idle();
  await nextTurn();
  await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()));
  const lingering = setTimeout(() => app.server.closeAllConnections(), LINGER_MS);
  await closed;
  clearTimeout(lingering);
}

const everyRecipientAllowed = ({ settingNames }: RecipientPolicy): string =>
  `callers on this machine may register any recipient: set ${settingNames.allowedRecipients} to limit them`;

/** Lets the answers of the last calls be written before their streams close. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
