import { Writable } from "node:stream";
import { createLogger } from "@loopgate/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { bearer, keyFile, someKeys } from "./support/key-file.ts";
import { get, legacy, modern, post } from "./support/wire.ts";

const { agent, operator, expired, unknown } = someKeys();
const keys = [agent, operator, expired];

const lines: string[] = [];
const sink = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) });
const logged = (message: string) =>
  lines.map((line) => JSON.parse(line)).filter(({ msg }: { msg: string }) => msg === message);

const parts = new AsyncDisposableStack();
let g: TestGateway;
beforeAll(async () => {
  const file = parts.use(keyFile(keys));
  const logger = createLogger("test", "info", sink);
  g = parts.use(await startGateway({ logger, settings: { apiKeys: await file.read() } }));
});
afterAll(() => parts.disposeAsync());

type Headers = Readonly<Record<string, string>>;
const question = { session_id: "s", client_id: "c", message: "m" };
const ping = { method: "ping", id: 1 };
const noId = "019ab3f0-7c00-7000-8000-000000000001";
const session = { session_id: "s", client_id: "c", telegram_id: 7 };

/** Every path, with its answer to callers with the scope. */
const routes = {
  health: [
    ["GET /health", 200],
    ["GET /healthz", 200],
    ["GET /readyz", 200],
    ["GET /metrics", 200],
    ["GET /no/such/path", 404],
    ["GET /.well-known/oauth-protected-resource/mcp", 404],
  ],
  request: [
    ["POST /mcp", 200, ping],
    ["GET /mcp", 405],
    ["GET /mcp/tools", 200],
    ["GET /mcp/capabilities", 200],
    ["POST /hitl/request", 200, question],
    [`GET /hitl/poll?request_id=${noId}`, 404],
    ["GET /hitl/pending", 200],
    ["POST /hitl/cancel", 404, { request_id: noId }],
  ],
  admin: [
    ["POST /hitl/register", 200, session],
    ["GET /hitl/status?session_id=s", 200],
    ["POST /hitl/deactivate", 200, { session_id: "s" }],
  ],
} as const;

async function reach(route: string, body: unknown, headers: Headers = {}): Promise<number> {
  const [method, path] = route.split(" ");
  const answer = method === "GET" ? get(`${g.url}${path}`, headers) : post(`${g.url}${path}`, body, headers);
  return (await answer).status;
}

describe("with keys", () => {
  it.each(routes.health)("%s needs none", async (route, status) => {
    expect(await reach(route, undefined)).toBe(status);
  });

  it.each([...routes.request, ...routes.admin])(
    "%s needs a known key that has not expired",
    async (...it) => {
      const [route, , body] = it;
      expect(await reach(route, body)).toBe(401);
      expect(await reach(route, body, bearer(unknown))).toBe(401);
      expect(await reach(route, body, bearer(expired))).toBe(401);
    },
  );

  it.each(routes.request)("%s is for agents and for the operator", async (...it) => {
    const [route, status, body] = it;
    expect(await reach(route, body, bearer(agent))).toBe(status);
    expect(await reach(route, body, bearer(operator))).toBe(status);
  });

  it.each(routes.admin)("%s is for the operator only", async (...it) => {
    const [route, status, body] = it;
    expect(await reach(route, body, bearer(agent))).toBe(403);
    expect(await reach(route, body, bearer(operator))).toBe(status);
  });
});

describe("a key", () => {
  it.each<[string, Headers, number]>([
    ["as X-API-Key", { "x-api-key": agent.key }, 200],
    ["with the scheme in other letters", { authorization: `bearer  ${agent.key}` }, 200],
    ["beside what a proxy wants to know", { "x-api-key": agent.key, authorization: "Basic YTpi" }, 200],
    ["beside another as X-API-Key, which counts", { "x-api-key": unknown.key, ...bearer(agent) }, 401],
    ["in another scheme", { authorization: `Basic ${agent.key}` }, 401],
    ["without a scheme", { authorization: agent.key }, 401],
    ["by its hash", { "x-api-key": agent.entry.hash }, 401],
    ["by its id", { "x-api-key": agent.entry.id }, 401],
    ["with more behind it", { "x-api-key": `${agent.key}0` }, 401],
    ["empty", { "x-api-key": "" }, 401],
  ])("%s", async (_, headers, status) => {
    expect((await post(`${g.url}/mcp`, ping, headers)).status).toBe(status);
  });

  it("is not taken from the URL", async () => {
    expect((await get(`${g.url}/hitl/pending?api_key=${agent.key}&key=${agent.key}`)).status).toBe(401);
  });
});

describe("a rejection", () => {
  it("says in the format of the path that a key is needed, and how to send it", async () => {
    const message = expect.stringContaining("Authorization: Bearer <key>");
    const mcp = await post(`${g.url}/mcp`, ping);
    expect(mcp.body).toEqual({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null });
    const http = await get(`${g.url}/hitl/pending`);
    expect(http.body).toEqual({ error: { code: "unauthorized", message } });
    for (const path of ["/mcp", "/hitl/pending"]) {
      const { headers } = await fetch(`${g.url}${path}`);
      expect(headers.get("www-authenticate")).toMatch(/^Bearer /);
    }
  });

  it("carries the sentence in the header, too, and an error code only if there was a key", async () => {
    const challengeOf = async (headers: Headers) => {
      const answer = await fetch(`${g.url}/mcp`, { method: "POST", headers, body: JSON.stringify(ping) });
      return answer.headers.get("www-authenticate");
    };
    expect(await challengeOf({})).toMatch(
      /^Bearer realm="loopgate", error_description="This path needs an API key: [^"]+"$/,
    );
    for (const key of [unknown, expired]) {
      expect(await challengeOf(bearer(key))).toMatch(
        /^Bearer realm="loopgate", error="invalid_token", error_description="This key is unknown [^"]+"$/,
      );
    }
  });

  const oauth = [
    "POST /register",
    "GET /.well-known/oauth-protected-resource",
    "GET /.well-known/oauth-protected-resource/mcp",
    "GET /.well-known/oauth-authorization-server/mcp",
    "GET /.well-known/openid-configuration",
    "GET /authorize?client_id=x",
    "POST /token",
    "POST /mcp/register",
    "GET /no/such/path",
  ];

  it.each(oauth)("tells a client that looks for OAuth at %s that a key is needed", async (route) => {
    const [method = "", path] = route.split(" ");
    const init = method === "GET" ? {} : { body: '{"redirect_uris":[]}' };
    for (const headers of [{}, bearer(unknown)]) {
      const answer = await fetch(`${g.url}${path}`, { method, headers, ...init });
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual({
        error: {
          code: "not_found",
          message: expect.stringMatching(
            /OAuth is not used here\. .* API key: .* Bearer <key>, .* X-API-Key/,
          ),
        },
      });
    }
    const known = await fetch(`${g.url}${path}`, { method, headers: bearer(agent), ...init });
    expect([known.status, await known.text()]).toEqual([404, expect.not.stringContaining("OAuth")]);
  });

  it("distinguishes an unknown key from a missing scope", async () => {
    const stranger = await get(`${g.url}/hitl/pending`, bearer(unknown));
    expect(stranger.body.error.message).toContain("unknown or has expired");
    const { body } = await post(`${g.url}/hitl/register`, session, bearer(agent));
    expect(body).toEqual({ error: { code: "forbidden", message: expect.stringContaining("admin") } });
  });
});

describe("the log line of a call", () => {
  const tool = { name: "list_pending_requests", arguments: {} };
  const calls = {
    "2026-07-28": modern("tools/call", tool),
    "2025-11-25": legacy("2025-11-25", "tools/call", tool),
    "2025-11-25 without a stream": {
      ...legacy("2025-11-25", "tools/call", tool),
      headers: { accept: "*/*" },
    },
    plain: { body: { method: "tools/call", params: tool, id: 1 }, headers: {} },
  };

  it.each(Object.entries(calls))("names the key of a call in the format %s", async (_, { body, headers }) => {
    lines.length = 0;
    expect((await post(`${g.url}/mcp`, body, { ...headers, ...bearer(agent) })).status).toBe(200);
    expect(logged("call")).toMatchObject([{ tool: "list_pending_requests", key: "agent" }]);
  });

  it("names the key of a call to the original's interface, and never contains it", async () => {
    lines.length = 0;
    await post(`${g.url}/hitl/request`, question, bearer(operator));
    await get(`${g.url}/hitl/pending`, { "x-api-key": agent.key });
    expect(logged("call")).toMatchObject([{ key: "operator" }, { key: "agent" }]);
    expect(lines.join("")).not.toContain("lk_pub_");
  });
});

describe("without named recipients", () => {
  const payload = JSON.stringify({ ...session, telegram_id: 8 });
  const registerFrom = async (remoteAddress: string, headers: Headers) => {
    using file = keyFile(keys);
    const policy = { defaultChat: undefined };
    await using open = await startGateway({ policy, settings: { apiKeys: await file.read() } });
    const request = { method: "POST", url: "/hitl/register", payload, remoteAddress } as const;
    const answer = await open.gateway.app.inject({ ...request, headers: { host: "localhost", ...headers } });
    return answer.statusCode;
  };

  it("only the operator's key registers any chat, from everywhere", async () => {
    expect(await registerFrom("192.0.2.1", bearer(operator))).toBe(200);
    expect(await registerFrom("127.0.0.1", bearer(agent))).toBe(403);
    expect(await registerFrom("127.0.0.1", {})).toBe(401);
  });
});

it("with keys a gateway listens beyond loopback", async () => {
  using file = keyFile(keys);
  await using beyond = await startGateway({ settings: { apiKeys: await file.read() }, host: "0.0.0.0" });
  const url = beyond.url.replace("0.0.0.0", "127.0.0.1");
  expect((await get(`${url}/hitl/pending`)).status).toBe(401);
  expect((await get(`${url}/hitl/pending`, bearer(agent))).status).toBe(200);
});

describe("a file of keys that changes", () => {
  const soon = { interval: 100 };

  it("takes effect, and keeps its last valid content in effect while it is invalid", async () => {
    using file = keyFile([agent]);
    lines.length = 0;
    const logger = createLogger("test", "info", sink);
    await using changing = await startGateway({ logger, settings: { apiKeys: await file.read() } });
    const status = async (key: typeof agent) =>
      (await get(`${changing.url}/hitl/pending`, bearer(key))).status;

    file.write([operator]);
    await expect.poll(() => status(operator), soon).toBe(200);
    expect(await status(agent)).toBe(401);

    file.write(`[{"id": "${unknown.key}"`);
    const broken = () =>
      logged("LOOPGATE_API_KEYS_FILE is invalid and the previous keys remain in effect: correct the file")
        .length;
    await expect.poll(broken, soon).toBeGreaterThan(0);
    expect(await status(operator)).toBe(200);

    file.write([]);
    await expect.poll(() => status(operator), soon).toBe(401);
    expect(lines.join("")).not.toContain("lk_pub_");
  });
});
