import type { EngineBinary } from "./engine-binary.ts";

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
