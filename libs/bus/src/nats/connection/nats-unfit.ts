import { StartupError } from "../../startup-error.ts";

/** The server, or how it is to be reached, is not as this version needs it; the message says what is wrong and the way out. */
export class NatsStartupError extends StartupError {
  override readonly name = "NatsStartupError";
}
