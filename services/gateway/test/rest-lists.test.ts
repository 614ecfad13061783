import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { extension } from "./support/people.ts";
import { answer, decide, fail } from "./support/requests.ts";
import { rest } from "./support/rest.ts";

let gateway: TestGateway;
beforeAll(async () => void (gateway = await startGateway({ extension })));
afterAll(() => gateway[Symbol.asyncDispose]());

const call = (path: string, person?: string) =>
  rest(gateway.url, `GET ${path}`, person === undefined ? {} : { headers: { person } });

async function ask(body: Record<string, unknown>): Promise<string> {
  const question = { message: "Deploy?", request_type: "confirmation", ...body };
  return (await rest(gateway.url, "POST /v1/requests", { body: question })).body.request_id;
}

/** A denied, a cancelled and a pending request, oldest first. */
async function threeIn(session_id: string) {
  const denied = await ask({ session_id, message: "Deploy the api?" });
  const cancelled = await ask({ session_id });
  const pending = await ask({ session_id });
  await answer(gateway, denied, 1);
  await decide(gateway, cancelled);
  return { denied, cancelled, pending };
}

const idsIn = ({ body }: Awaited<ReturnType<typeof call>>): string[] =>
  body.data.map(({ request_id }: { readonly request_id: string }) => request_id);

describe("the list of requests", () => {
  it("is filtered by what was decided", async () => {
    const { denied, cancelled, pending } = await threeIn("filtered");
    const found = async (filter: string) => idsIn(await call(`/v1/requests?session_id=filtered&${filter}`));
    expect(await found("")).toEqual([pending]);
    expect(await found("status=cancelled,decided")).toEqual([cancelled, denied]);
    expect(await found("status=pending,decided&order=asc")).toEqual([denied, pending]);
    expect(await found("status=decided&outcome=denied")).toEqual([denied]);
    expect(await found("status=decided&outcome=approved")).toEqual([]);
    expect(await found("status=decided&channel=telegram&decided_by=telegram:7")).toEqual([denied]);
    expect(await found("status=decided&decided_by=telegram:8")).toEqual([]);
    expect(await found("status=decided&q=API%20deploy")).toEqual([denied]);
    expect(await found("status=decided&q=missing")).toEqual([]);
    expect(await found("created_after=2026-01-01T00:00:00Z")).toEqual([pending]);
    expect(await found("created_before=2026-01-01T00:00:00Z")).toEqual([]);
  });

  it("is read page by page with the same filters, and with no others", async () => {
    const { denied, cancelled } = await threeIn("paged");
    const first = await call("/v1/requests?session_id=paged&status=decided,cancelled&limit=1");
    expect(idsIn(first)).toEqual([cancelled]);
    const link = /^<(.+)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    expect(idsIn(await call(link))).toEqual([denied]);
    const other = await call(`/v1/requests?status=decided&cursor=${first.body.next_cursor}`);
    expect(other).toMatchObject({ status: 400, body: { errors: [{ parameter: "cursor" }] } });
  });

  it.each([
    ["status=done", "status", "must be a list of pending, decided, expired, cancelled, separated by commas"],
    ["mine=yes", "mine", "must be true or false"],
    ["mine=true", "mine", "is for people: no request asks a program, leave it out"],
    ["created_after=yesterday", "created_after", "must be a time such as 2026-11-30T10:00:00Z"],
    ["status=decided&status=expired", "status", expect.stringMatching(/string/)],
    [`q=${"x".repeat(201)}`, "q", "must have 1 to 200 characters"],
    ["order=up", "order", "must be asc or desc"],
  ])("says what is wrong with %s", async (query, parameter, detail) => {
    for (const path of ["/v1/requests", ...(parameter === "order" ? [] : ["/v1/requests/count"])]) {
      const { status, body } = await call(`${path}?${query}`);
      expect({ status, errors: body.errors }).toEqual({ status: 400, errors: [{ parameter, detail }] });
    }
  });

  it("is unavailable while state does not answer", async () => {
    gateway.state.isReachable = false;
    for (const path of ["/v1/requests?status=decided", "/v1/requests/count"])
      expect(await call(path)).toMatchObject({ status: 503, body: { code: "unavailable" } });
    gateway.state.isReachable = true;
  });
});

describe("a person", () => {
  it("finds and counts what asks them, also by words; an auditor finds all, or theirs alone", async () => {
    const { denied, cancelled } = await threeIn("seen");
    const query = "session_id=seen&status=decided,cancelled&q=deploy";
    const seenBy = async (name: string, more = "") => ({
      ids: idsIn(await call(`/v1/requests?${query}${more}`, name)),
      count: (await call(`/v1/requests/count?${query}${more}`, name)).body,
    });
    const all = { ids: [cancelled, denied], count: { count: 2, is_exact: true } };
    const none = { ids: [], count: { count: 0, is_exact: true } };
    expect(await seenBy("named")).toEqual(all);
    expect(await seenBy("named", "&mine=true")).toEqual(all);
    expect(await seenBy("other")).toEqual(none);
    expect(await seenBy("other", "&decided_by=telegram:7")).toEqual(none);
    expect(await seenBy("auditor")).toEqual(all);
    expect(await seenBy("auditor", "&mine=true")).toEqual(none);
  });

  it("reads the timeline of what asks them, without the places of others", async () => {
    const { denied } = await threeIn("told");
    const timeline = async (person?: string) => call(`/v1/requests/${denied}/timeline`, person);
    const decided = { type: "decided", channel: "telegram", by: { id: "telegram:7", name: "Alice Weber" } };
    expect((await timeline("named")).body.data).toMatchObject([{ type: "created" }, decided]);
    expect((await timeline("auditor")).status).toBe(200);
    expect((await timeline("other")).status).toBe(404);
    expect((await call("/v1/requests/unknown/timeline", "named")).status).toBe(404);
    const pending = await ask({ session_id: "told" });
    await fail(gateway, pending, "telegram_42_7");
    const failed = { type: "undelivered", channel: "telegram", reason: "blocked" };
    const toPerson = (await call(`/v1/requests/${pending}/timeline`, "named")).body.data;
    expect(toPerson).toMatchObject([{ type: "created" }, failed]);
    expect(JSON.stringify(toPerson)).not.toContain("telegram_42_7");
    const toProgram = (await call(`/v1/requests/${pending}/timeline`)).body.data;
    expect(toProgram.at(-1)).toMatchObject({ ...failed, endpoint: "telegram_42_7" });
  });

  it("has full pages: what they may not see takes no place", async () => {
    const session_id = "full";
    await ask({ session_id });
    const page = await call("/v1/requests?session_id=full&limit=1", "other");
    expect(page.body).toEqual({ data: [], next_cursor: null });
  });
});
