import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** Speaks as much of NATS' protocol as a client wants before it is told the server's version: this one. */
export async function startOldNatsServer(
  version: string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.write(
      `INFO ${JSON.stringify({ version, proto: 1, headers: true, max_payload: 1_048_576, jetstream: true })}\r\n`,
    );
    socket.on("data", (data) => {
      if (data.includes("PING")) socket.write("PONG\r\n");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `nats://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
