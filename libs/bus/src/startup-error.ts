/** A start that cannot succeed until a person changes something. The message says what is wrong and what to do. */
export class StartupError extends Error {
  override readonly name: string = "StartupError";
}

/** The NATS server, or the way to reach it, does not meet the needs of this version. */
export class NatsStartupError extends StartupError {
  override readonly name = "NatsStartupError";
}
