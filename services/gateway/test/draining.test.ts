import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { replacedLog } from "@loopgate/testing/faults";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { get, view } from "./support/wire.ts";

const draining = { ready: false, draining: true, parts: {} };

/** A gateway whose appends wait until the test releases them. */
async function startHeldGateway() {
  const arrived: (() => void)[] = [];
  const g = await startGateway({
    faulty: (log) =>
      replacedLog(log, {
        append: async (...event) => {
          await new Promise<void>((go) => arrived.push(go));
          return log.append(...event);
        },
      }),
  });
  const letGo = () => arrived.shift()?.();
  return { g, letGo, arrive: (count: number) => expect.poll(() => arrived.length).toBe(count) };
}

it("listens, and reports that it is not ready, until the running calls have ended", async () => {
  const { g, letGo, arrive } = await startHeldGateway();
  const asked = view(g.url, "request_human_input", { message: "m" });
  await arrive(1);
  const stopped = g[Symbol.asyncDispose]();

  for (let n = 0; n < 3; n++) {
    const answer = await get(`${g.url}/readyz`, { connection: "close" });
    expect([answer.status, answer.body]).toEqual([503, draining]);
  }
  letGo();
  expect(await asked).toMatchObject({ status: "pending" });
  await stopped;
  await expect(get(`${g.url}/readyz`)).rejects.toThrow("fetch failed");
});

it("answers requests on open connections in its own format while it closes", async () => {
  const { g, letGo, arrive } = await startHeldGateway();
  const first = view(g.url, "request_human_input", { message: "m" });
  await arrive(1);
  const stopped = g[Symbol.asyncDispose]();
  const connection = await connectTo(g);
  const answers = text(connection);
  connection.write(postOf("/hitl/request", { session_id: "s", client_id: "c", message: "m" }));
  await arrive(2);
  letGo();
  await first;
  await expect
    .poll(() =>
      connectTo(g).then(
        () => "listens",
        () => "closed",
      ),
    )
    .toBe("closed");

  connection.write("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  letGo();

  expect(await answers).toContain('"status":"pending"');
  expect(await answers).toContain(JSON.stringify(draining));
  await stopped;
});

async function connectTo(g: TestGateway) {
  const socket = connect(Number(new URL(g.url).port), "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

function postOf(path: string, given: object): string {
  const body = JSON.stringify(given);
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
