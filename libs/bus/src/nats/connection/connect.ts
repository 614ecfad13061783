import { jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Unavailable } from "../../event-log.ts";
import { AccessFiles } from "./access-files.ts";
import { apiPrefixOf, jetStreamOptions, type NatsAccess } from "./bus-options.ts";
import { connectError } from "./connect-error.ts";
import { ConnectionWatch, type WatchOptions } from "./connection-watch.ts";

const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_EVERY_MS = 250;

/**
 * The interval between pings, in milliseconds. After three unanswered pings the client tries another server: a machine
 * that vanishes closes no connection.
 */
const PING_EVERY_MS = 2_000;

/** An open connection and the clients that share it. */
export interface NatsClient {
  readonly connection: NatsConnection;
  readonly watch: ConnectionWatch;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly apiPrefix: string;
}

/** Asks the server nothing yet. */
export async function clientOf(
  connection: NatsConnection,
  access: NatsAccess,
  options: Omit<WatchOptions, "diagnose">,
): Promise<NatsClient> {
  const diagnose = () => connectFailure(access);
  return {
    connection,
    watch: new ConnectionWatch(connection, { ...options, diagnose }),
    js: jetstream(connection, jetStreamOptions(access)),
    jsm: await jetstreamManager(connection, { ...jetStreamOptions(access), checkAPI: false }),
    apiPrefix: apiPrefixOf(access),
  };
}

/**
 * Connects. When the connection is lost later, the client reconnects, without a limit on attempts.
 * @throws Unavailable if no server answers the first attempt; LoginRefused if the server refuses the
 * credentials; NatsStartupError if TLS fails.
 */
export async function connectTo(
  access: NatsAccess,
  { reconnect = true }: { readonly reconnect?: boolean } = {},
): Promise<NatsConnection> {
  const files = await AccessFiles.read(access);
  const { authenticators: authenticator, tls } = files;
  const servers = files.urls.map(({ host }) => host);
  try {
    return await connect({
      servers,
      authenticator,
      ...(tls === undefined ? {} : { tls }),
      reconnect,
      // Called before each attempt.
      reconnectDelayHandler: () => {
        void files.renew();
        return RECONNECT_EVERY_MS;
      },
      name: access.name,
      inboxPrefix: inboxPrefixOf(access.name),
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      pingInterval: PING_EVERY_MS,
      maxPingOut: 2,
      // A login may be refused for a while, for example during a change of credentials: keep reconnecting.
      ignoreAuthErrorAbort: true,
      // Measured: 40 % more publishes per second (docs/invariants.md#nats-connection).
      noAsyncTraces: true,
    });
  } catch (cause) {
    throw connectError(cause, { servers: servers.join(", "), isTls: tls !== undefined });
  }
}

/** Why a connection fails now; undefined if it does not. */
async function connectFailure(access: NatsAccess): Promise<Error | undefined> {
  try {
    await (await connectTo(access, { reconnect: false })).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Unavailable("NATS can't be reached");
  }
}

/** Each service receives its replies on subjects of its own, so that no other service may read them. */
const inboxPrefixOf = (name: string): string => `_INBOX_${name}`;
