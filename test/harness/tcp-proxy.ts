import { type Passage, startRelay } from "./relay.ts";

/** A way to a server that can be cut, as a network can. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection and lets none through until `mend`. */
  cut(): void;
  mend(): void;
}

const everything: Passage = { toServer: () => true, toClient: () => true };

/** Listens on a free port of this machine and passes everything on to `port`. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  let isCut = false;
  const relay = await startRelay(port, () => (isCut ? undefined : everything));
  return {
    port: relay.port,
    cut: () => {
      isCut = true;
      relay.hangUp();
    },
    mend: () => {
      isCut = false;
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
