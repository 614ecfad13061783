import { ConfigurationError } from "@loopgate/settings";

/** Settings, if they can be read. What is wrong with them is the finding of {@link checkConfiguration} alone. */
export function readable<Settings>(read: () => Settings): Settings | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}
