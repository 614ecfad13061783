import { once } from "node:events";
import { type IncomingMessage, request as rawRequest } from "node:http";
import { keyToken, newRequestId, refOf } from "@loopgate/contracts";
import { callRoute, InboxPage, spendLink } from "@loopgate/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Asked, profileOf, startInbox, type TestInbox } from "./support/inbox.ts";

let inbox: TestInbox;
let alice: InboxPage;
beforeEach(async () => {
  inbox = await startInbox();
  alice = await inbox.signIn("alice");
});
afterEach(() => inbox[Symbol.asyncDispose]());

const ALICE = "web:alice@example.com";
const approve = ({ id, tag }: Asked) =>
  [`POST /v1/requests/${id}/decision`, { option: "Approve", tag }] as const;
const isOpen = async ({ created }: Asked) => (await inbox.requests.decision(refOf(created))) === undefined;

/** What a page reads and does. */
const routes = (asked: Asked) => [
  "GET /v1/me",
  "GET /v1/requests",
  `GET /v1/requests/${asked.id}`,
  `PUT /v1/requests/${asked.id}/seen`,
  "POST /v1/me/sign-out-everywhere",
];

describe("T1: no program answers", () => {
  it.each([
    ["an API key", { "x-api-key": `lk_pub_${"0".repeat(64)}` }, 403],
    ["a bearer token", { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." }, 403],
    ["nothing", {}, 401],
  ])("with %s", async (_, headers, status) => {
    const asked = await inbox.ask([ALICE]);
    const [route, body] = approve(asked);
    expect((await callRoute(inbox.url, route, { headers, body })).status).toBe(status);
    for (const other of routes(asked))
      expect((await callRoute(inbox.url, other, { headers })).status).toBe(status);
    expect(await isOpen(asked)).toBe(true);
  });
});

describe("T3: another page answers nothing and reads nothing", () => {
  it.each<readonly [string, Record<string, string>, number]>([
    ["by the cookie alone", { "loopgate-page-key": "" }, 401],
    ["by the page key alone", { cookie: "" }, 401],
    ["by the key of another page", { "loopgate-page-key": "0".repeat(64) }, 401],
    ["from another port", { origin: "http://127.0.0.1:1" }, 403],
    ["of a frame without an origin", { origin: "null" }, 403],
    ["of the same site", { "sec-fetch-site": "same-site" }, 403],
    ["of another site", { "sec-fetch-site": "cross-site" }, 403],
    ["that the user types or follows", { "sec-fetch-site": "none" }, 403],
  ])("%s", async (_, changes, status) => {
    const asked = await inbox.ask([ALICE]);
    expect((await alice.call(...approve(asked), changes)).status).toBe(status);
    for (const route of routes(asked))
      expect((await alice.call(route, undefined, changes)).status).toBe(status);
    expect(await isOpen(asked)).toBe(true);
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "as a form: %s",
    async (type) => {
      const asked = await inbox.ask([ALICE]);
      expect((await alice.call(...approve(asked), { "content-type": type })).status).toBe(415);
      expect(await isOpen(asked)).toBe(true);
    },
  );

  it("the cookie is for http alone, for this port, and no other site's form brings it along", async () => {
    const reply = await spendLink(await inbox.invite("dora"));
    const [cookie = ""] = reply.headers.getSetCookie();
    const [pair, ...attributes] = cookie.split("; ");
    expect(pair).toMatch(new RegExp(`^loopgate_${new URL(inbox.url).port}=[0-9a-f]{64}$`));
    expect(attributes.filter((one) => !one.startsWith("Expires="))).toEqual([
      "Path=/",
      "HttpOnly",
      "SameSite=Lax",
    ]);
    expect(Object.values(reply.body)).not.toContain(pair?.split("=")[1]);
  });

  it("behind https the cookie is bound to the host, and a page of the listening address is another page", async () => {
    const publicUrl = "https://inbox.example.com";
    await using secure = await startInbox({ publicUrl });
    const code = new URL(await secure.invite("alice")).hash.replace("#code=", "");
    const from = (origin: string) => ({ headers: { origin }, body: { code } });
    expect((await callRoute(secure.url, "POST /auth/code", from(secure.url))).status).toBe(403);
    const { headers } = await callRoute(secure.url, "POST /auth/code", from(publicUrl));
    expect(headers.getSetCookie()[0]).toMatch(/^__Host-loopgate=[0-9a-f]{64}; Path=\/; .*Secure/);
  });
});

describe("T6: a name that leads here by DNS rebinding is refused", () => {
  /** `fetch` sets the header itself. */
  async function statusWithHost(path: string, host: string): Promise<number | undefined> {
    const { port } = new URL(inbox.url);
    const asked = rawRequest({ port, path, host: "127.0.0.1", headers: { ...alice.headers, host } });
    const [response] = (await once(asked.end(), "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  }

  it.each(["/", "/v1/me", "/v1/requests", "/auth/code"])("on %s", async (path) => {
    expect(await statusWithHost(path, "evil.example:8080")).toBe(403);
  });

  it("and the own one is not", async () => {
    expect(await statusWithHost("/v1/me", new URL(inbox.url).host)).toBe(200);
  });
});

describe("T7: a code", () => {
  it("signs in one of those who send it at once", async () => {
    const link = await inbox.invite("alice");
    const replies = await Promise.all(Array.from({ length: 6 }, () => spendLink(link)));
    const count = (wanted: number) => replies.filter(({ status }) => status === wanted).length;
    expect([count(200), count(410)]).toEqual([1, 5]);
  });

  it("needs the inbox's own page", async () => {
    const code = new URL(await inbox.invite("alice")).hash.replace("#code=", "");
    for (const headers of [
      {},
      { origin: "http://127.0.0.1:1" },
      { origin: inbox.url, "sec-fetch-site": "same-site" },
    ])
      expect((await callRoute(inbox.url, "POST /auth/code", { headers, body: { code } })).status).toBe(403);
    expect((await spendLink(`${inbox.url}/#code=${code}`)).status).toBe(200);
  });

  it("is tried ten times a minute from one address, then not even the right one counts", async () => {
    // Alice has signed in once.
    const wrong = `${inbox.url}/#code=${"0".repeat(32)}`;
    for (let n = 0; n < 9; n++) expect((await spendLink(wrong)).status).toBe(410);
    const limited = await spendLink(await inbox.invite("alice"));
    expect(limited).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("is in no log line, and neither are the secrets that it gives", async () => {
    const link = await inbox.invite("erin");
    const erin = await InboxPage.open(link);
    await erin.call("GET /v1/me");
    const secrets = [
      link.split("=")[1],
      erin.headers["cookie"]?.split("=")[1],
      erin.headers["loopgate-page-key"],
    ];
    const log = inbox.lines.join("");
    expect(log).toContain("signed in");
    for (const secret of secrets) expect(log).not.toContain(secret);
  });
});

describe("T8: a session ends", () => {
  it("when the person signs out, and the cookie is removed", async () => {
    const page = await inbox.signIn("frank");
    const reply = await page.call("POST /auth/logout", {});
    expect(reply.status).toBe(204);
    expect(reply.headers.getSetCookie()[0]).toMatch(/^loopgate_\d+=; .*Expires=Thu, 01 Jan 1970/);
    expect(await page.call("GET /v1/me")).toMatchObject({ status: 401, body: { code: "sign_in_required" } });
  });

  it("not by another page that has the cookie", async () => {
    const page = await inbox.signIn("gina");
    await page.call("POST /auth/logout", {}, { "loopgate-page-key": "" });
    expect((await page.call("POST /auth/logout", {}, { origin: "http://127.0.0.1:1" })).status).toBe(403);
    expect((await page.call("GET /v1/me")).status).toBe(200);
  });

  it("in every browser, when the person signs out everywhere; a new link signs in again", async () => {
    const pages = [await inbox.signIn("henry"), await inbox.signIn("henry")];
    expect((await pages[0]?.call("POST /v1/me/sign-out-everywhere"))?.status).toBe(204);
    for (const page of pages) expect((await page.call("GET /v1/me")).status).toBe(401);
    expect((await (await inbox.signIn("henry")).call("GET /v1/me")).status).toBe(200);
  });

  it("when the operator takes the rights away; an older link signs in no more", async () => {
    const page = await inbox.signIn("bob");
    const older = await inbox.invite("bob");
    const asked = await inbox.ask(["web:bob@example.com"]);
    await inbox.people.revoke(profileOf("bob"));
    expect((await page.call(...approve(asked))).status).toBe(401);
    expect((await spendLink(older)).status).toBe(410);
    expect(await isOpen(asked)).toBe(true);
  });

  it("with the group, when the person is no member any more", async () => {
    const page = await inbox.signIn("ivan", "deployers");
    const asked = await inbox.ask(["group:deployers"]);
    await inbox.people.admit(profileOf("ivan"), new Date());
    expect((await page.call(...approve(asked))).status).toBe(404);
    expect(await isOpen(asked)).toBe(true);
  });

  it("has new secrets at each sign-in", async () => {
    const [first, second] = [await inbox.signIn("jane"), await inbox.signIn("jane")];
    expect(first.headers["cookie"]).not.toBe(second.headers["cookie"]);
    expect(first.headers["loopgate-page-key"]).not.toBe(second.headers["loopgate-page-key"]);
    const mixed = { "loopgate-page-key": second.headers["loopgate-page-key"] ?? "" };
    expect((await first.call("GET /v1/me", undefined, mixed)).status).toBe(401);
  });
});

describe("T11: a person learns nothing of what asks others", () => {
  it("one answer for what others are asked and for what does not exist", async () => {
    const asked = await inbox.ask(["group:deployers"]);
    const mallory = await inbox.signIn("mallory", "readers");
    for (const route of [`GET /v1/requests/ID`, `PUT /v1/requests/ID/seen`]) {
      const [theirs, none, malformed] = await Promise.all(
        [asked.id, newRequestId(), "x"].map((id) => mallory.call(route.replace("ID", id))),
      );
      expect(theirs).toMatchObject({ status: 404, body: none?.body ?? {} });
      expect(malformed).toMatchObject({ status: 404, body: none?.body ?? {} });
    }
    const [route, body] = approve(asked);
    expect(await mallory.call(route, body)).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await isOpen(asked)).toBe(true);
  });

  it("lists only what asks this person, in full pages", async () => {
    await inbox.ask(["web:bob@example.com"]);
    const mine = await inbox.ask([ALICE]);
    const { body } = await alice.call("GET /v1/requests?limit=1");
    expect((body["data"] as { request_id: string }[]).map(({ request_id }) => request_id)).toEqual([mine.id]);
    expect(JSON.stringify(body)).not.toContain("bob@example.com");
    expect(body["next_cursor"]).toBeNull();
  });

  it("counts and finds only what asks this person, pending or decided", async () => {
    const theirs = await inbox.ask(["web:bob@example.com"], { message: "the secret launch" });
    const bob = await inbox.signIn("bob");
    expect((await bob.call(...approve(theirs))).status).toBe(200);
    await inbox.ask(["group:deployers"], { message: "another launch" });
    for (const query of [
      "status=pending",
      "status=decided",
      "q=launch",
      "status=decided&q=secret",
      "mine=false",
    ]) {
      const listed = await alice.call(`GET /v1/requests?${query}`);
      expect(listed).toMatchObject({ status: 200, body: { data: [], next_cursor: null } });
      const counted = await alice.call(`GET /v1/requests/count?${query}`);
      expect(counted).toMatchObject({ status: 200, body: { count: 0, is_exact: true } });
    }
    expect((await bob.call("GET /v1/requests/count?status=decided")).body).toMatchObject({ count: 1 });
  });
});

describe("T17: after a lost reply", () => {
  it("the same key hears its own decision, also from another process", async () => {
    const asked = await inbox.ask([ALICE]);
    const headers = { "idempotency-key": keyToken("a press") };
    const replies = [
      await alice.call(...approve(asked), headers),
      await alice.call(...approve(asked), headers),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(replies[0]?.body["decided_at"]).toBe(replies[1]?.body["decided_at"]);
  });
});
