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
import { type Bucket, type EventLog, type RequestQueries, StartupError } from "@loopgate/bus";
import type { FastifyInstance } from "fastify";
import { type GatewayMetrics, gatewayMetrics } from "./gateway-metrics.ts";
import { addInfoRoutes } from "./legacy/info-routes.ts";
import { createApp } from "./http/app.ts";
import { addHitlRoutes } from "./legacy/hitl-routes.ts";
import { addMcpRoutes } from "./mcp/mcp-routes.ts";
import { addSessionRoutes } from "./legacy/session-routes.ts";
import type { StdioStream } from "./mcp/stdio-connection.ts";
import { StdioConnections } from "./mcp/stdio-connections.ts";
import { ApiKeys } from "./access/api-keys.ts";
import { mayListen, openToStrangers } from "./config/may-listen.ts";
import { Submitter } from "./requests/submitter.ts";
import { Waiters } from "./requests/waiters.ts";
import { SessionRegistry } from "./sessions/session-registry.ts";
import type { GatewaySettings } from "./config/gateway-settings.ts";
import { cancelRequest } from "./tools/cancel-request.ts";
import { checkRequestStatus } from "./tools/check-request-status.ts";
import { listPendingRequests } from "./tools/list-pending-requests.ts";
import { ToolRegistry } from "./tools/registry.ts";
import { requestHumanInput } from "./tools/request-human-input.ts";

const DEFAULT_MAX_WAITERS = 20_000;

/** How long connections on which nothing runs any more may stay open at a stop, in milliseconds. */
const LINGER_MS = 500;

export interface GatewayParts {
  readonly log: EventLog;
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
  /** The `sessions` bucket. */
  readonly sessions: Bucket;
  readonly policy: RecipientPolicy;
  readonly settings: GatewaySettings;
  /** What `/readyz` reports. */
  readonly checks: readonly HealthCheck[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
}

/** MCP and HTTP in. Disposing drains, answers what runs, and closes. */
export interface Gateway extends AsyncDisposable {
  readonly app: FastifyInstance;

  /**
   * Listens; resolves with `http://<host>:<port>`.
   * @throws StartupError for a port in use, and for a host beyond loopback without keys, unless the settings say `insecure`.
   */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;

  /**
   * Serves a client that speaks in lines, as over stdio; its questions go where `policy` says. Resolves when either side
   * hung up.
   */
  connect(stream: StdioStream, policy: RecipientPolicy): Promise<void>;

  /** From now on `/readyz` is 503, and calls that wait, also new ones, return the request as it stands. */
  drain(): void;
}

/** Builds the gateway and starts to listen for decisions. Holds nothing that another replica lacks. */
export async function createGateway(parts: GatewayParts): Promise<Gateway> {
  const { log, requests, policy, settings, logger, version } = parts;
  const sessions = new SessionRegistry(parts.sessions, policy);
  const maxWaiters = settings.maxWaiters ?? DEFAULT_MAX_WAITERS;
  const metrics = gatewayMetrics(parts.metrics);
  const waiters = await Waiters.open({ log, requests, metrics, maxWaiters });
  const tools = toolsOver({ ...parts, metrics }, sessions, waiters);
  const keys = settings.apiKeys === undefined ? undefined : new ApiKeys(settings.apiKeys, logger);
  const app = createApp({ allowedHosts: settings.allowedHosts, keys, logger });
  let isDraining = false;
  const drain = () => {
    isDraining = true;
    waiters.drain();
  };
  addHealthRoutes(app, { checks: () => parts.checks, isDraining: () => isDraining });
  addMetricsRoute(app, parts.metrics);
  addInfoRoutes(app, tools, version);
  addHitlRoutes(app, tools);
  addSessionRoutes(app, sessions, logger);
  const streams = addMcpRoutes(app, { tools, version, keepAliveMs: settings.keepAliveMs, logger });
  const connections = new StdioConnections({ tools, version, logger });
  return {
    app,
    listen: async ({ host, port }) => {
      if (!mayListen(host, settings)) throw new StartupError(`SERVER_HOST ${openToStrangers}`);
      if (sessions.isOpen && policy.defaultRecipient().kind !== "no_account" && keys === undefined)
        logger.warn(anyChatMayRegister);
      return app.listen({ host, port }).catch(explainTaken("SERVER_PORT", port));
    },
    connect: (stream, client) => connections.serve(stream, client),
    drain,
    [Symbol.asyncDispose]: async () => {
      drain();
      await close(app, tools, [streams, connections]);
      await waiters[Symbol.asyncDispose]();
      keys?.[Symbol.dispose]();
    },
  };
}

type ToolParts = Omit<GatewayParts, "metrics"> & { readonly metrics: GatewayMetrics };

function toolsOver(parts: ToolParts, sessions: SessionRegistry, waiters: Waiters): ToolRegistry {
  const { requests, queries, settings } = parts;
  const submitter = new Submitter({ ...parts, sessions, now: () => new Date() });
  const readers = { requests, queries };
  return new ToolRegistry(
    [
      requestHumanInput({ submitter, waiters, settings }),
      checkRequestStatus({ readers, waiters, settings }),
      listPendingRequests(queries),
      cancelRequest(queries),
    ],
    parts,
  );
}

/** Probes are to see the gateway drain, so it listens as long as calls run that came before. */
async function close(
  app: FastifyInstance,
  tools: ToolRegistry,
  streams: readonly AsyncDisposable[],
): Promise<void> {
  await tools.settled();
  const closed = app.close();
  await tools.idle();
  await nextTurn();
  await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
  const lingering = setTimeout(() => app.server.closeAllConnections(), LINGER_MS);
  await closed;
  clearTimeout(lingering);
}

const anyChatMayRegister =
  "any chat can be registered from this machine: TELEGRAM_ALLOWED_CHATS names those that may";

/** Answers that were just produced are written before their streams are closed. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
