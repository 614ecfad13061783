import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";

let g: TestGateway;
beforeAll(async () => {
  g = await startGateway();
});
afterAll(() => g[Symbol.asyncDispose]());

/** Sends bytes as they are, and reads until the gateway closes the connection. */
async function answerTo(bytes: string) {
  const socket = connect(Number(new URL(g.url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(bytes);
  const answer = await text(socket);
  const [head, body] = answer.split("\r\n\r\n");
  return { status: head?.split(" ")[1], body: JSON.parse(body ?? "") as unknown };
}

const requestOf = (path: string, header = "Accept: */*") =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${header}\r\n\r\n`;
const error = (code: string) => ({ error: { code, message: expect.any(String) } });

describe("requests that the framework rejects get an error in our format:", () => {
  it.each([
    ["a URL that is none", requestOf("/hitl/%zz"), "400", "invalid_arguments"],
    ["headers without end", requestOf("/health", `X: ${"x".repeat(20_000)}`), "431", "payload_too_large"],
    ["a URL without end", requestOf(`/${"x".repeat(20_000)}`), "431", "payload_too_large"],
    ["what is no HTTP", "hello\r\n\r\n", "400", "invalid_arguments"],
    ["a method that is none", "HELLO / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400", "invalid_arguments"],
  ])("%s", async (_, bytes, status, code) => {
    expect(await answerTo(bytes)).toEqual({ status, body: error(code) });
  });

  it("a request that does not arrive in time", async () => {
    const { server } = g.gateway.app;
    server.once("connection", (socket) =>
      server.emit("clientError", { code: "ERR_HTTP_REQUEST_TIMEOUT" }, socket),
    );
    expect(await answerTo("GET")).toEqual({ status: "408", body: error("invalid_arguments") });
  });
});
