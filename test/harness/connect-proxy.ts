import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer } from "node:tls";

/** An HTTP proxy in front of a network in which every host is the same server of this machine, behind TLS. */
export interface ConnectProxy extends AsyncDisposable {
  /** What to set as `HTTPS_PROXY`. */
  readonly url: string;
  /** `host:port` of every tunnel that was asked for. */
  readonly targets: readonly string[];
}

export interface ConnectProxyOptions {
  /** The server without TLS that all tunnels end at. */
  readonly port: number;
  /** Files in PEM. */
  readonly certificate: string;
  readonly key: string;
  /** What the proxy answers to CONNECT: 200, or a refusal. */
  readonly status?: number;
}

/** Starts a proxy on a free port that serves CONNECT only. */
export async function startConnectProxy(options: ConnectProxyOptions): Promise<ConnectProxy> {
  const sockets = new Set<Duplex>();
  const keep = <Kept extends Duplex>(socket: Kept): Kept => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  };
  const join = (near: Duplex, port: number): Socket => {
    const far = keep(connect(port, "127.0.0.1"));
    keep(near).pipe(far).pipe(near);
    return far;
  };
  const tls = createTlsServer(
    { cert: readFileSync(options.certificate), key: readFileSync(options.key) },
    (socket) => join(socket, options.port),
  ).listen(0, "127.0.0.1");
  const targets: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on("connect", (request, socket) => {
    targets.push(request.url ?? "");
    const { status = 200 } = options;
    if (status !== 200) return keep(socket).end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
    const far = join(socket, portOf(tls));
    far.once("connect", () => socket.write("HTTP/1.1 200 Connection established\r\n\r\n"));
  });
  proxy.listen(0, "127.0.0.1");
  await Promise.all([once(tls, "listening"), once(proxy, "listening")]);
  return {
    url: `http://127.0.0.1:${portOf(proxy)}`,
    targets,
    [Symbol.asyncDispose]: async () => {
      const closed = [tls, proxy].map((server) => once(server.close(), "close"));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
