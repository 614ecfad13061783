import type { Authenticator, PersonCaller, WebExtension } from "@loopgate/rest";
import { expect, it } from "vitest";
import { newKey } from "../src/access/new-key.ts";
import { startGateway } from "./support/gateway.ts";
import { keyFile } from "./support/key-file.ts";
import { rest } from "./support/rest.ts";

const person = (
  name: string,
  principals: readonly string[],
  roles: PersonCaller["roles"] = [],
): PersonCaller => ({
  kind: "person",
  tenant: "default",
  id: `p_${name}`,
  name,
  principals,
  roles,
  auth: "local",
});

/** Whom the gateway of these tests knows by the header `person`. */
const people: ReadonlyMap<string, PersonCaller> = new Map([
  ["named", person("named", ["telegram:7"])],
  ["other", person("other", ["telegram:8", "group:deployers"])],
  ["auditor", person("auditor", [], ["auditor"])],
]);

const byHeader: Authenticator = { authenticate: ({ person }) => people.get(String(person)) };
const extension: WebExtension = {
  authenticator: byHeader,
  addRoutes: (app) => void app.get("/page", { config: { access: ["person"] } }, async () => "a page"),
  addV1Routes: (v1) => void v1.get("/me", { config: { access: ["person"] } }, async () => "me"),
};

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
