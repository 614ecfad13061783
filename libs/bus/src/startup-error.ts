/** A start that cannot succeed until a person changes something. The message says what to do. */
export class StartupError extends Error {
  override readonly name: string = "StartupError";
}
