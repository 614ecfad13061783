import { AuthorizationError, UserAuthenticationExpiredError } from "@nats-io/transport-node";
import { Unavailable } from "../../event-log.ts";
import { LoginRefused, NatsStartupError } from "../../startup-error.ts";

interface Attempt {
  /** Host and port of each server, without a login. */
  readonly servers: string;
  readonly isTls: boolean;
}

const unresolved = /^(ENOTFOUND|EAI_AGAIN)$/;
const tlsFailure = /CERT|SIGNED|SIGNATURE|TLS|SSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA/;

/** Why a connection failed, as an error whose message has the next step. It names what does not pass by itself. */
export function connectError(cause: unknown, attempt: Attempt): Error {
  if (cause instanceof AuthorizationError || cause instanceof UserAuthenticationExpiredError) {
    return new LoginRefused("NATS refuses the credentials: check NATS_CREDS_FILE or the user in NATS_URL", {
      cause,
    });
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (message.includes("does not support 'tls'")) {
    return new NatsStartupError(
      "NATS_URL or a file with certificates asks for TLS, and the server has none: use nats:// without NATS_CA_FILE and NATS_CERT_FILE",
      { cause },
    );
  }
  if (tlsFailure.test(code)) {
    return new NatsStartupError(
      `TLS with NATS at ${attempt.servers} fails (${message}): set NATS_CA_FILE to the authority that signed the ` +
        "server's certificate, and use the host name of the certificate in NATS_URL",
      { cause },
    );
  }
  if (unresolved.test(code)) {
    return new Unavailable(
      `the host name of NATS at ${attempt.servers} can't be resolved (${code}): check the name in NATS_URL, and DNS`,
      { cause },
    );
  }
  const [why, next] = absence(message, attempt);
  return new Unavailable(`no NATS server answers at ${attempt.servers} (${why}): ${next}`, { cause });
}

/** What happened instead of an answer, and what to check. */
function absence(message: string, { isTls }: Attempt): readonly [why: string, next: string] {
  const networkToo = "check NATS_URL and the network";
  if (message.includes("undefined error")) {
    return ["the connection ends at once", `${networkToo}; if the server has handshake_first, turn it off`];
  }
  if (message.includes("unexpected response"))
    return ["what answers is no NATS", "check the port in NATS_URL"];
  if (message === "timeout" && isTls) {
    return [message, `${networkToo}; if the server verifies clients, set NATS_CERT_FILE and NATS_KEY_FILE`];
  }
  return [message, networkToo];
}
