import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** What a relay does with the chunks of one connection: false keeps one back. */
export interface Passage {
  toServer(chunk: Buffer): boolean;
  toClient(chunk: Buffer): boolean;
}

/** A way to a server of this machine that a test can watch and cut. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection. */
  hangUp(): void;
}

/** Listens on a free port and passes on to `port` what `open` lets through; undefined refuses the connection. */
export async function startRelay(port: number, open: () => Passage | undefined): Promise<Relay> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    const passage = open();
    if (passage === undefined) return near.destroy();
    const far = connect(port, "127.0.0.1");
    keep(far);
    near.on("data", (chunk: Buffer) => passage.toServer(chunk) && far.write(chunk));
    far.on("data", (chunk: Buffer) => passage.toClient(chunk) && near.write(chunk));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    hangUp,
    [Symbol.asyncDispose]: async () => {
      server.close();
      hangUp();
      await once(server, "close");
    },
  };
}
