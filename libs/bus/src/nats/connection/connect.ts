import { jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import {
  AuthorizationError,
  connect,
  type NatsConnection,
  UserAuthenticationExpiredError,
} from "@nats-io/transport-node";
import { Unavailable } from "../../event-log.ts";
import { LoginRefused, NatsStartupError } from "../../startup-error.ts";
import { AccessFiles } from "./access-files.ts";
import { CALL_TIMEOUT_MS, type NatsAccess } from "./bus-options.ts";
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
    js: jetstream(connection, { timeout: CALL_TIMEOUT_MS }),
    jsm: await jetstreamManager(connection, { checkAPI: false, timeout: CALL_TIMEOUT_MS }),
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
        files.renew();
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
    throw failureOf(cause, servers.join(", "));
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

const tlsFailure = /CERT|SIGNED|SIGNATURE|TLS|SSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA/;

function failureOf(cause: unknown, servers: string): Error {
  if (cause instanceof AuthorizationError || cause instanceof UserAuthenticationExpiredError) {
    return new LoginRefused("NATS refuses the credentials: check NATS_CREDS_FILE or the user in NATS_URL", {
      cause,
    });
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (message.includes("does not support 'tls'")) {
    return new NatsStartupError(
      "NATS_URL or NATS_CA_FILE asks for TLS, and the server has none: use nats:// without NATS_CA_FILE",
      {
        cause,
      },
    );
  }
  if (tlsFailure.test(code)) {
    return new NatsStartupError(
      `TLS with NATS at ${servers} fails (${message}): set NATS_CA_FILE to the authority that signed the ` +
        "server's certificate, and use the host name of the certificate in NATS_URL",
      { cause },
    );
  }
  return new Unavailable(
    `no NATS server answers at ${servers} (${message}): check NATS_URL and the network`,
    {
      cause,
    },
  );
}
