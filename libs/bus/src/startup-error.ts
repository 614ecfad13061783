/** A start that cannot succeed until a person changes something. The message says what is wrong and what to do. */
export class StartupError extends Error {
  override readonly name: string = "StartupError";
}

/** The NATS server, or the way to reach it, does not meet the needs of this version. */
export class NatsStartupError extends StartupError {
  override readonly name = "NatsStartupError";
}

/**
 * A server refuses the user or the password. That may pass: while credentials are being changed, the server and the files
 * of this process differ for a moment.
 */
export class LoginRefused extends StartupError {
  override readonly name = "LoginRefused";
}

/** How long a service tolerates that its login is refused before it ends, in milliseconds. */
export const LOGIN_PATIENCE_MS = 60_000;
