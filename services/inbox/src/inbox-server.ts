import { findRequest, type RequestReaders } from "@loopgate/requests";
import { addReadingRoutes, addV1, createApp, noSuchRequest, type RequestReader } from "@loopgate/rest";
import { addHealthRoutes, addMetricsRoute, explainTaken, type HealthCheck, version } from "@loopgate/runtime";
import type { FastifyInstance } from "fastify";
import { createInbox, type Inbox, type InboxOptions } from "./inbox.ts";
import { peopleAlone } from "./sign-in/person-authenticator.ts";

/** How long idle connections may stay open while the server stops, in milliseconds. */
const LINGER_MS = 500;

export interface InboxServerOptions extends Omit<InboxOptions, "agentsAskHere"> {
  /** Names that `Host` may contain besides loopback names and the host of the public address. */
  readonly allowedHosts: readonly string[];
  /** For `/readyz`. */
  readonly checks: readonly HealthCheck[];
}

/** Serves people alone: an inbox on a port of its own. Disposing ends it. */
export interface InboxServer extends AsyncDisposable {
  readonly inbox: Inbox;

  /** Listens; resolves with `http://<host>:<port>`. @throws StartupError for a port in use */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
}

export async function createInboxServer(options: InboxServerOptions): Promise<InboxServer> {
  const { requests, queries, publicUrl, signInHint, checks, logger, metrics } = options;
  const inbox = createInbox({ ...options, agentsAskHere: "no" });
  const allowedHosts =
    publicUrl === undefined ? options.allowedHosts : [...options.allowedHosts, new URL(publicUrl).hostname];
  const authenticator = peopleAlone(inbox.authenticator, signInHint);
  const app = createApp({ allowedHosts, authenticator, logger });
  await addV1(app, {
    logger,
    version,
    addRoutes: (v1) => {
      addReadingRoutes(v1, readerOf({ requests, queries }));
      inbox.addV1Routes(v1);
    },
  });
  inbox.addRoutes(app);
  let isDraining = false;
  addHealthRoutes(app, { checks: () => checks, isDraining: () => isDraining });
  addMetricsRoute(app, metrics);
  return {
    inbox,
    listen: async ({ host, port }) => {
      const url = await app.listen({ host, port }).catch(explainTaken("SERVER_PORT", port));
      inbox.address.isServedAt(url);
      return url;
    },
    [Symbol.asyncDispose]: () => {
      isDraining = true;
      return close(app);
    },
  };
}

async function close(app: FastifyInstance): Promise<void> {
  const closed = app.close();
  const lingering = setTimeout(() => app.server.closeAllConnections(), LINGER_MS);
  await closed;
  clearTimeout(lingering);
}

/** Pages hear of decisions by the stream of events, so that no call of theirs waits here. */
const readerOf = (readers: RequestReaders): RequestReader => ({
  find: async (id, _waitSeconds, { caller: { tenant } }) => {
    const request = await findRequest(readers, { tenant, id });
    return request === undefined ? noSuchRequest() : { kind: "request", request };
  },
  timeline: (ref) => readers.queries.timeline(ref),
  list: (query) => readers.queries.list(query),
  count: async (filter) => ({ kind: "counted", ...(await readers.queries.count(filter)) }),
});
