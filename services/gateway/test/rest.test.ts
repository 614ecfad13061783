import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { answer, decide } from "./support/requests.ts";
import { rest } from "./support/rest.ts";

let gateway: TestGateway;
beforeAll(async () => void (gateway = await startGateway()));
afterAll(() => gateway[Symbol.asyncDispose]());

const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  rest(gateway.url, `${method} ${path}`, { body, headers });

const ask = async (args: Record<string, unknown> = {}) =>
  (await call("POST", "/v1/requests", { message: "Deploy?", ...args })).body;

async function waitingCalls(): Promise<number> {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(/^loopgate_waiting_calls (\d+)$/m.exec(metrics)?.[1]);
}

describe("asking", () => {
  it("returns the request and where it is", async () => {
    const { status, headers, body } = await call("POST", "/v1/requests", {
      message: "Deploy?",
      request_type: "confirmation",
      metadata: { build: 42 },
    });
    expect(status).toBe(201);
    expect(headers.get("location")).toBe(`/v1/requests/${body.request_id}`);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toMatchObject({
      status: "pending",
      message: "Deploy?",
      approved: null,
      metadata: { build: 42 },
      options: [
        { value: "Approve", label: "Approve", effect: "approve" },
        { value: "Deny", label: "Deny", effect: "deny" },
      ],
      tag: expect.stringMatching(/^[\w-]{6}$/),
    });
    expect(body).not.toHaveProperty("can_answer");
  });

  it("says what is wrong, and where in the body", async () => {
    const options = [{ label: "a/b", value: "" }, { label: 7 }];
    const { status, headers, body } = await call("POST", "/v1/requests", { options });
    expect(status).toBe(400);
    expect(headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
    expect(body).toMatchObject({
      type: "urn:loopgate:problem:invalid_arguments",
      title: "Invalid arguments",
      status: 400,
      code: "invalid_arguments",
      errors: [
        { pointer: "/message", detail: "is required" },
        { pointer: "/options/1", detail: expect.stringContaining("must be a text") },
      ],
    });
  });
});

describe("an idempotency key", () => {
  const question = { message: "Deploy?", client_id: "ci" };
  const asked = (key: string, body: object = question) =>
    call("POST", "/v1/requests", body, { "idempotency-key": key });

  it("returns the same request again, and says so", async () => {
    const first = await asked("build-1");
    const again = await asked("build-1");
    const quoted = await asked('"build-1"');
    const inBody = await call("POST", "/v1/requests", { ...question, idempotency_key: "build-1" });
    expect(first.status).toBe(201);
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    for (const { status, headers, body } of [again, quoted, inBody]) {
      expect(status).toBe(200);
      expect(headers.get("idempotent-replayed")).toBe("true");
      expect(headers.get("location")).toBe(`/v1/requests/${first.body.request_id}`);
      expect(body).toEqual(first.body);
    }
  });

  it("of another question is a conflict", async () => {
    await asked("build-2");
    const { status, body } = await asked("build-2", { ...question, message: "Roll back?" });
    expect(status).toBe(422);
    expect(body).toMatchObject({ status: 422, code: "idempotency_conflict" });
  });

  it("may come in the header or in the body, and not twice with two values", async () => {
    const { status, body } = await asked("one", { ...question, idempotency_key: "two" });
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { parameter: "Idempotency-Key", detail: expect.stringMatching(/^differs from/) },
    ]);
    const tooLong = await asked("x".repeat(201));
    expect(tooLong.body.errors).toEqual([
      { parameter: "idempotency-key", detail: "must have 1 to 200 characters" },
    ]);
  });
});

describe("cancelling", () => {
  it("withdraws the question, also twice", async () => {
    const { request_id } = await ask();
    const cancelled = await call("POST", `/v1/requests/${request_id}/cancel`, { reason: "the build failed" });
    expect(cancelled.status).toBe(200);
    expect(cancelled.body).toMatchObject({ request_id, status: "cancelled", reason: "the build failed" });
    const again = await call("POST", `/v1/requests/${request_id}/cancel`);
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: cancelled.body });
  });

  it("a request that was decided first is a conflict, which carries the request", async () => {
    const { request_id } = await ask({ request_type: "confirmation" });
    await answer(gateway, request_id, 1);
    const { status, body } = await call("POST", `/v1/requests/${request_id}/cancel`, {});
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: "already_decided",
      request: { request_id, status: "decided", outcome: "denied", options: [{}, {}] },
    });
  });

  it.each(["unknown", "019ab3f0-7c00-7000-8000-000000000001"])("finds no request %s", async (id) => {
    expect((await call("POST", `/v1/requests/${id}/cancel`, {})).body).toMatchObject({ code: "not_found" });
  });
});

describe("an entity tag", () => {
  it("saves reading again what has not changed", async () => {
    const { request_id } = await ask();
    const path = `/v1/requests/${request_id}`;
    const etag = (await call("GET", path)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    const unchanged = await call("GET", path, undefined, { "if-none-match": `"other", ${etag}` });
    expect(unchanged).toMatchObject({ status: 304, body: undefined });
    expect(unchanged.headers.get("etag")).toBe(etag);
    await decide(gateway, request_id);
    const changed = await call("GET", path, undefined, { "if-none-match": etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).not.toBe(etag);
  });

  it("is not on errors", async () => {
    expect((await call("GET", "/v1/requests/unknown")).headers.get("etag")).toBeNull();
  });
});

describe("reading", () => {
  it("waits until the request is decided", async () => {
    const { request_id } = await ask();
    const waiting = call("GET", `/v1/requests/${request_id}?wait_seconds=50`);
    await expect.poll(waitingCalls).toBe(1);
    await decide(gateway, request_id);
    expect((await waiting).body).toMatchObject({ request_id, status: "cancelled" });
  });

  it.each(["unknown", "019AB3F0-7C00-7000-8000-000000000001", "019ab3f0-7c00-7000-8000-000000000001", "%00"])(
    "answers the id %s like one that does not exist",
    async (id) => {
      const { status, body } = await call("GET", `/v1/requests/${id}`);
      expect({ status, code: body.code }).toEqual({ status: 404, code: "not_found" });
    },
  );

  it("lists pending requests page by page", async () => {
    const session_id = "paged";
    const asked = [await ask({ session_id }), await ask({ session_id }), await ask({ session_id })];
    const first = await call("GET", "/v1/requests?session_id=paged&limit=2");
    expect(first.body.data).toEqual(asked.slice(0, 2));
    const link = /^<(.+)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await call("GET", link);
    expect(second.body).toEqual({ data: asked.slice(2), next_cursor: null });
    expect(second.headers.get("link")).toBeNull();
  });

  it("finds requests by how they ended, and when", async () => {
    const session_id = "filtered";
    const asked = [
      await ask({ session_id, message: "Deploy to Mars?", request_type: "confirmation" }),
      await ask({ session_id }),
      await ask({ session_id }),
    ];
    const [first, second, third] = asked.map(({ request_id }) => request_id);
    await answer(gateway, first, 0);
    await decide(gateway, second);
    const found = async (query: string) => {
      const { body } = await call("GET", `/v1/requests?session_id=filtered&${query}`);
      return body.data.map(({ request_id }: { request_id: string }) => request_id);
    };
    await expect.poll(() => found("status=decided,cancelled")).toEqual([second, first]);
    expect(await found("status=decided,cancelled&order=asc")).toEqual([first, second]);
    expect(await found("status=decided&channel=telegram&decided_by=telegram:7")).toEqual([first]);
    expect(await found("status=decided&q=mars")).toEqual([first]);
    expect(await found("")).toEqual([third]);
    expect(await found(`created_before=${asked[0].created_at}`)).toEqual([]);
    expect(await found(`created_after=${asked[0].created_at}`)).toEqual([third]);
    expect((await call("GET", "/v1/requests/count?session_id=filtered&status=decided")).body).toEqual({
      count: 1,
      is_exact: true,
    });
  });

  it.each([
    ["status=open", "status", /^must be of pending, decided/],
    ["mine=maybe", "mine", /^must be true or false/],
    ["created_after=yesterday", "created_after", /^must be a time/],
    ["order=up", "order", /^must be asc or desc/],
    ["mine=true", "mine", /^is for people/],
    ["cursor=x", "cursor", /^is not the next_cursor/],
    ["status=decided&status=expired", "status", /^must be text/],
    [`q=${"x".repeat(201)}`, "q", /^must have 1 to 200 characters/],
  ])("says what is wrong with the query %s", async (query, parameter, detail) => {
    const { status, body } = await call("GET", `/v1/requests?${query}`);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ parameter, detail: expect.stringMatching(detail) }]);
  });

  it("names the parameter that is wrong", async () => {
    const { status, body } = await call("GET", "/v1/requests?limit=many&cursor=x");
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ parameter: "limit", detail: "must be a number" }]);
  });
});
