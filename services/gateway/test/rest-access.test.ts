import { createLogger } from "@loopgate/runtime";
import { expect, it } from "vitest";
import { newKey } from "../src/access/new-key.ts";
import { startGateway } from "./support/gateway.ts";
import { keyFile } from "./support/key-file.ts";
import { extension } from "./support/people.ts";
import { rest } from "./support/rest.ts";

it("each route is for the scopes that it names, and admin has all of them", async () => {
  const keys = {
    request: newKey({ scope: "request", id: "asker" }),
    read: newKey({ scope: "read", id: "reader" }),
    admin: newKey({ scope: "admin", id: "operator" }),
  };
  using file = keyFile(Object.values(keys));
  await using gateway = await startGateway({ settings: { apiKeys: await file.read() }, extension });
  const statusesOf = async (route: string, body?: unknown) => {
    const statusWith = async (key: keyof typeof keys) =>
      (await rest(gateway.url, route, { body, key: keys[key] })).status;
    const asked = {
      request: await statusWith("request"),
      read: await statusWith("read"),
      admin: await statusWith("admin"),
    };
    return { ...asked, none: (await rest(gateway.url, route, { body })).status };
  };
  expect(await statusesOf("POST /v1/requests", { message: "m" })).toEqual({
    request: 201,
    read: 403,
    admin: 201,
    none: 401,
  });
  expect(await statusesOf("GET /v1/requests")).toEqual({ request: 200, read: 200, admin: 200, none: 401 });
  expect(await statusesOf("GET /v1/requests/unknown")).toEqual({
    request: 404,
    read: 404,
    admin: 404,
    none: 401,
  });
  expect(await statusesOf("GET /v1/me")).toEqual({ request: 403, read: 403, admin: 403, none: 401 });
});

it("refuses as a problem, with the next step", async () => {
  const reader = newKey({ scope: "read", id: "reader" });
  using file = keyFile([reader]);
  await using gateway = await startGateway({ settings: { apiKeys: await file.read() } });
  const forbidden = await rest(gateway.url, "POST /v1/requests", { body: { message: "m" }, key: reader });
  expect(forbidden.body).toMatchObject({
    code: "forbidden",
    detail: expect.stringContaining("lacks the scope request"),
  });
  const unknown = await rest(gateway.url, "GET /v1/requests");
  expect(unknown.headers.get("www-authenticate")).toMatch(/^Bearer /);
  expect(unknown.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(unknown.body).toMatchObject({ code: "unauthorized", status: 401 });
});

it("people see the requests that name them, auditors see all, and none of them asks", async () => {
  await using gateway = await startGateway({ extension });
  const { request_id } = (await rest(gateway.url, "POST /v1/requests", { body: { message: "m" } })).body;
  const seenBy = async (name: string) => {
    const headers = { person: name };
    const one = await rest(gateway.url, `GET /v1/requests/${request_id}?wait_seconds=0`, { headers });
    const list = await rest(gateway.url, "GET /v1/requests", { headers });
    return { status: one.status, canAnswer: one.body.can_answer, listed: list.body.data.length };
  };
  expect(await seenBy("named")).toEqual({ status: 200, canAnswer: true, listed: 1 });
  expect(await seenBy("auditor")).toEqual({ status: 200, canAnswer: false, listed: 1 });
  expect(await seenBy("other")).toEqual({ status: 404, canAnswer: undefined, listed: 0 });
  const asked = await rest(gateway.url, "POST /v1/requests", {
    body: { message: "m" },
    headers: { person: "named" },
  });
  expect(asked.status).toBe(403);
  expect((await fetch(`${gateway.url}/page`, { headers: { person: "other" } })).status).toBe(200);
});

it("people count and page through the requests that name them, however many others there are", async () => {
  await using gateway = await startGateway({ extension, policy: { allowedChats: ["8"] } });
  const other = { client_id: "c", recipients: [{ channel: "telegram", chat: "8" }] };
  await rest(gateway.url, "PUT /v1/sessions/other", { body: other });
  const ask = async (session_id: string): Promise<string> =>
    (await rest(gateway.url, "POST /v1/requests", { body: { message: "m", session_id } })).body.request_id;
  const mine = [await ask("default"), await ask("default")];
  for (let count = 0; count < 3; count++) await ask("other");
  mine.push(await ask("default"));
  const read = async (name: string, path: string) =>
    (await rest(gateway.url, `GET /v1/requests${path}`, { headers: { person: name } })).body;
  const first = await read("named", "?limit=2");
  const second = await read("named", `?limit=2&cursor=${first.next_cursor}`);
  const ids = [...first.data, ...second.data].map(({ request_id }) => request_id);
  expect({ ids, first: first.data.length, next: second.next_cursor }).toEqual({
    ids: mine,
    first: 2,
    next: null,
  });
  expect(await read("named", "/count")).toEqual({ count: 3, is_exact: true });
  expect(await read("auditor", "/count")).toEqual({ count: 6, is_exact: true });
  expect(await read("auditor", "/count?mine=true")).toEqual({ count: 0, is_exact: true });
});

it("another person's request is not waited for", async () => {
  await using gateway = await startGateway({ extension, settings: { maxWaitSeconds: 3_600 } });
  const { request_id } = (await rest(gateway.url, "POST /v1/requests", { body: { message: "m" } })).body;
  const route = `GET /v1/requests/${request_id}?wait_seconds=3600`;
  expect((await rest(gateway.url, route, { headers: { person: "other" } })).status).toBe(404);
});

it("a key may make 600 calls a minute, and other keys are not held up by it", async () => {
  const [busy, calm] = [newKey({ scope: "request", id: "busy" }), newKey({ scope: "request", id: "calm" })];
  using file = keyFile([busy, calm]);
  await using gateway = await startGateway({ settings: { apiKeys: await file.read() } });
  const statuses = new Set<number>();
  for (let calls = 0; calls < 600; calls += 20) {
    const some = Array.from({ length: 20 }, () =>
      rest(gateway.url, "GET /v1/requests/unknown", { key: busy }),
    );
    for (const { status } of await Promise.all(some)) statuses.add(status);
  }
  expect(statuses).toEqual(new Set([404]));
  const refused = await rest(gateway.url, "GET /v1/requests/unknown", { key: busy });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.body).toMatchObject({ code: "rate_limited", status: 429 });
  expect((await rest(gateway.url, "GET /v1/requests/unknown", { key: calm })).status).toBe(404);
});

it("callers of a gateway without keys share one name, and are not limited", async () => {
  await using gateway = await startGateway();
  const { headers } = await rest(gateway.url, "GET /v1/requests");
  expect(headers.get("x-ratelimit-limit")).toBeNull();
});

it("each call is one line in the log, with ids and without text", async () => {
  const key = newKey({ scope: "request", id: "ci" });
  using file = keyFile([key]);
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger("test", "info", { write: (line) => void lines.push(JSON.parse(line)) });
  await using gateway = await startGateway({ settings: { apiKeys: await file.read() }, logger });
  const body = { message: "a secret", client_id: "deployer" };
  const { request_id: request } = (await rest(gateway.url, "POST /v1/requests", { body, key })).body;
  await rest(gateway.url, `GET /v1/requests/${request}`, { key });
  await rest(gateway.url, "GET /v1/requests?q=secret", { key });
  await rest(gateway.url, "GET /v1/requests?cursor=x", { key });
  await rest(gateway.url, "GET /v1/requests/count", { key });
  gateway.state.isReachable = false;
  await rest(gateway.url, "GET /v1/requests", { key });
  const calls = lines.filter(({ msg }) => msg === "call");
  expect(calls).toMatchObject([
    { tool: "request_human_input", outcome: "pending", key: "ci", request, client: "deployer" },
    { tool: "check_request_status", outcome: "pending", key: "ci", request, client: "deployer" },
    { tool: "list_requests", outcome: "listed", key: "ci" },
    { tool: "list_requests", outcome: "invalid_arguments", key: "ci" },
    { tool: "count_requests", outcome: "counted", key: "ci" },
    { tool: "list_requests", outcome: "unavailable", key: "ci" },
  ]);
  expect(JSON.stringify(lines)).not.toContain("secret");
});
