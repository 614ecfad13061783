import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { bearer, keyFile, someKeys } from "./support/key-file.ts";
import { modern } from "./support/wire.ts";

const { agent, unknown } = someKeys();
const page = "https://app.example.com";
const parts = new AsyncDisposableStack();
let g: TestGateway;
beforeAll(async () => {
  const file = parts.use(keyFile([agent]));
  const allowed = { allowedOrigins: [page, "vscode-webview://abc"], allowedHosts: ["gate.example.com"] };
  g = parts.use(await startGateway({ settings: { ...allowed, apiKeys: await file.read() } }));
});
afterAll(() => parts.disposeAsync());

type Headers = Readonly<Record<string, string>>;

/** A request as a browser sends it: `fetch` would not let us set its headers. */
async function sent(method: string, path: string, headers: Headers, body?: object) {
  const sending = request(`${g.url}${path}`, { method, headers });
  sending.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sending, "response");
  return { status: response.statusCode, headers: response.headers as Headers, text: await text(response) };
}

const preflight = (path: string, origin: string, more: Headers = {}) =>
  sent("OPTIONS", path, {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,mcp-protocol-version",
    ...more,
  });

const ask = {
  method: "tools/call",
  params: { name: "request_human_input", arguments: { message: "m" } },
  id: 1,
};
const allowed = [
  page,
  "vscode-webview://abc",
  "http://localhost:3000",
  "https://127.0.0.1",
  "http://[::1]:9",
];
const foreign = [
  "https://evil.example.com",
  "null",
  "http://app.example.com",
  "https://app.example.com:8443",
  "https://app.example.com.evil.com",
  "https://localhost.evil.com",
  "https://sub.app.example.com",
  "vscode-webview://abd",
];

describe.each(allowed)("a page of %s", (origin) => {
  it.each(["/mcp", "/mcp/", "/hitl/request", "/hitl/register", "/no/such/path"])(
    "may ask first whether it may call %s, without a key",
    async (path) => {
      const answer = await preflight(path, origin);
      expect([answer.status, answer.text]).toEqual([204, ""]);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "authorization,content-type,mcp-protocol-version",
        vary: expect.stringContaining("Origin"),
      });
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    },
  );

  it("may read every answer, errors too", async () => {
    const answers = [
      await sent("POST", "/mcp", { origin, ...bearer(agent) }, ask),
      await sent("GET", "/hitl/pending", { origin, ...bearer(agent) }),
      await sent("POST", "/mcp", { origin }, ask),
      await sent("POST", "/mcp", { origin, ...bearer(unknown) }, ask),
      await sent("GET", "/no/such/path", { origin }),
      await sent("GET", "/mcp", { origin, ...bearer(agent) }),
      await sent("OPTIONS", "/mcp", { origin, ...bearer(agent) }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 401, 404, 405, 405]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "WWW-Authenticate",
        vary: "Origin",
      });
    }
  });
});

it("a page may read an event stream", async () => {
  const subscription = modern("subscriptions/listen", { notifications: {} });
  const headers = {
    origin: page,
    ...bearer(agent),
    "content-type": "application/json",
    ...subscription.headers,
  };
  const sending = request(`${g.url}/mcp`, { method: "POST", headers });
  sending.end(JSON.stringify(subscription.body));
  const [response] = await once(sending, "response");
  expect(response.headers).toMatchObject({
    "content-type": "text/event-stream",
    "access-control-allow-origin": page,
  });
  response.destroy();
});

it("a page of the internet may call this machine if its origin is allowed", async () => {
  const asked = { "access-control-request-private-network": "true" };
  expect((await preflight("/mcp", page, asked)).headers).toMatchObject({
    "access-control-allow-private-network": "true",
  });
  expect((await preflight("/mcp", page)).headers).not.toHaveProperty("access-control-allow-private-network");
});

describe.each(foreign)("a page of %j", (origin) => {
  it("is rejected before anything is done", async () => {
    const before = await sent("GET", "/hitl/pending", bearer(agent));
    for (const path of ["/mcp", "/mcp/", "/hitl/request", "/no/such/path"]) {
      const answers = [
        await preflight(path, origin),
        await sent("POST", path, { origin, ...bearer(agent) }, ask),
      ];
      for (const { status, headers, text } of answers) {
        expect(status).toBe(403);
        expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
        expect(text).toContain("LOOPGATE_ALLOWED_ORIGINS");
      }
    }
    expect((await sent("GET", "/hitl/pending", bearer(agent))).text).toBe(before.text);
  });

  it("can't read what probes get", async () => {
    const { status, headers } = await sent("GET", "/healthz", { origin });
    expect([status, headers["access-control-allow-origin"]]).toEqual([200, undefined]);
  });
});

it("a caller without an origin gets what it always got", async () => {
  const answer = await sent("POST", "/mcp", bearer(agent), { method: "ping", id: 1 });
  expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  expect(answer.headers["vary"]).toBe("Origin");
  expect((await sent("OPTIONS", "/mcp", bearer(agent))).status).toBe(405);
  expect((await sent("OPTIONS", "/no/such/path", {})).status).toBe(404);
});
