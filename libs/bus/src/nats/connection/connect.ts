import {
  AuthorizationError,
  connect,
  type NatsConnection,
  UserAuthenticationExpiredError,
} from "@nats-io/transport-node";
import { Unavailable } from "../../event-log.ts";
import { connectionOptions } from "./connection-options.ts";
import type { NatsAccess } from "./nats-options.ts";
import { NatsStartupError } from "./nats-unfit.ts";

const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_EVERY_MS = 250;

/** A server that misses three of these is left for another: a machine that vanishes closes no connection. */
const PING_EVERY_MS = 2_000;

/**
 * Connects, and from then on reconnects for ever.
 * @throws Unavailable when no server answers the first time; NatsStartupError when the login or TLS is refused.
 */
export async function connectTo(access: NatsAccess): Promise<NatsConnection> {
  const options = connectionOptions(access);
  try {
    return await connect({
      ...options,
      name: access.name,
      inboxPrefix: inboxPrefixOf(access.name),
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_EVERY_MS,
      pingInterval: PING_EVERY_MS,
      maxPingOut: 2,
      // A login that is refused for a while, such as during a change of credentials, is no reason to give up.
      ignoreAuthErrorAbort: true,
      // Measured: 40 % more publishes a second (reference nats-mongo.md 0.9).
      noAsyncTraces: true,
    });
  } catch (cause) {
    throw failureOf(cause, [options.servers].flat().join(", "));
  }
}

/** Answers come to subjects of the service's own, so that no other service needs the permission to read them. */
const inboxPrefixOf = (name: string): string => `_INBOX_${name}`;

const tlsFailure = /CERT|SIGNED|SIGNATURE|TLS|SSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA/;

function failureOf(cause: unknown, servers: string): Error {
  if (cause instanceof AuthorizationError || cause instanceof UserAuthenticationExpiredError) {
    return new NatsStartupError(
      "NATS refuses the credentials: check NATS_CREDS_FILE or the user in NATS_URL",
      {
        cause,
      },
    );
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (message.includes("does not support 'tls'")) {
    return new NatsStartupError(
      "NATS_URL or NATS_CA_FILE asks for TLS, and the server has none: use nats://",
      {
        cause,
      },
    );
  }
  if (tlsFailure.test(code)) {
    return new NatsStartupError(
      `TLS with NATS at ${servers} fails (${message}): name the authority that signed the server's certificate ` +
        "in NATS_CA_FILE, and the host as the certificate does in NATS_URL",
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
