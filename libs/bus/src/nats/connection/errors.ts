import { JetStreamApiError } from "@nats-io/jetstream";
import { InvalidArgumentError, PermissionViolationError, RequestError } from "@nats-io/transport-node";

/** API error codes of the server that this adapter handles (docs/invariants.md#nats-append). */
export const apiCodes = {
  wrongLastSequence: [10_071, 10_164],
  streamFull: 10_077,
  messageTooLarge: 10_054,
  consumerExists: 10_148,
  streamExists: 10_058,
  streamMissing: 10_059,
  unknownOutcome: [10_158, 10_008],
  /** The server's own limit or disk. In a cluster a server may answer so for a moment. */
  serverFull: 10_023,
  /** The limits of the account, and of the server's memory and disk for what is promised to streams. */
  limitsExceeded: [10_002, 10_028, 10_047],
} as const;

/** The server's API error code, if the server answered with an error. */
export const apiCodeOf = (error: unknown): number | undefined =>
  error instanceof JetStreamApiError ? error.code : undefined;

/** True if a compare-and-set failed: another entry was first on the subject, or the key has a newer revision. */
export const isLost = (error: unknown): boolean =>
  apiCodes.wrongLastSequence.some((code) => code === apiCodeOf(error));

/** True if a direct read found no message. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof Error && error.name === "JetStreamStatusError" && "code" in error && error.code === 404;

/** True if the message is larger than the server, or the stream, accepts. The client knows the server's limit. */
export const isTooLarge = (error: unknown): boolean =>
  apiCodeOf(error) === apiCodes.messageTooLarge ||
  (error instanceof InvalidArgumentError && error.message.includes("max_payload"));

/** True if the call was rejected for want of room. */
export function isFull(error: unknown): boolean {
  const code = apiCodeOf(error);
  return (
    code === apiCodes.streamFull ||
    code === apiCodes.serverFull ||
    apiCodes.limitsExceeded.some((limit) => limit === code)
  );
}

const unreachable = new Set([
  "TimeoutError",
  "RequestError",
  "NoRespondersError",
  "ClosedConnectionError",
  "DrainingConnectionError",
  "ConnectionError",
  "JetStreamNotEnabled",
  "JetStreamStatusError",
]);

/** True if the call may or may not have taken effect. Only repeating the same call can tell. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (error instanceof JetStreamApiError) {
    return (
      (error.status === 503 && !isFull(error)) || apiCodes.unknownOutcome.some((code) => code === error.code)
    );
  }
  return error instanceof Error && unreachable.has(error.name);
}

/** The permission violation behind this error, if there is one. */
export function permissionViolationOf(error: unknown): PermissionViolationError | undefined {
  if (error instanceof PermissionViolationError) return error;
  return error instanceof RequestError ? permissionViolationOf(error.cause) : undefined;
}

/** Names the missing permission and the next step. */
export const permissionMessage = ({ operation, subject }: PermissionViolationError): string =>
  `NATS does not permit this user to ${operation === "publish" ? "publish" : "subscribe"} to ${subject}: grant it`;

/** The message for a call whose outcome remained unknown until its retries ended. */
export function noAnswerMessage(cause: unknown): string {
  if (!(cause instanceof Error && cause.name === "JetStreamNotEnabled")) {
    return "NATS does not answer: check that it runs, and the network";
  }
  return apiCodeOf(cause.cause) === undefined
    ? "JetStream does not answer: enable it on the NATS server (-js), check NATS_JS_DOMAIN, or find out why its cluster has no leader; " +
        "a server that could not write to its disk disables JetStream until it is restarted"
    : "JetStream is not enabled for this account of NATS: enable it there, or use a user of another account";
}
