import { type RequestView } from "@loopgate/contracts";
import { createdOf, decideAnswer } from "@loopgate/domain";
import { createLogger, createMetrics } from "@loopgate/runtime";
import { telegramPolicy } from "@loopgate/settings/telegram";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gatewayMetrics } from "../src/gateway-metrics.ts";
import { Departures } from "../src/requests/departures.ts";
import { Submitter } from "../src/requests/submitter.ts";
import { SessionRegistry } from "../src/sessions/session-registry.ts";
import { ask } from "./support/requests.ts";
import { onePerson, settings, startGateway, type TestGateway } from "./support/gateway.ts";
import { bearer, keyFile, someKeys } from "./support/key-file.ts";
import { call, post, refusal } from "./support/wire.ts";

const approval = { message: "Deploy?", request_type: "confirmation", idempotency_key: "deploy-production" };

/** The person presses Approve. */
async function approve(g: TestGateway, id: string): Promise<void> {
  await g.requests.decide({ tenant: "default", id }, (set) => {
    const created = createdOf(set)?.event;
    const [recipient] = created?.data.recipients ?? [];
    const attempt = {
      key: "press",
      endpoint: recipient?.endpoint ?? "",
      responder: recipient?.responders[0] ?? "",
      name: "Alice",
      channel: "telegram",
      choice: { option: 0 },
      storedAt: created?.time ?? "",
    };
    const decided = decideAnswer(set, attempt, new Date());
    if (decided.kind !== "decide") throw new Error(decided.kind);
    return { decide: decided.event };
  });
}

describe("the scope of an idempotency key", () => {
  it("is one API key: the same arguments of another one ask anew", async () => {
    const { agent, operator } = someKeys();
    using file = keyFile([agent, operator]);
    await using g = await startGateway({ settings: { apiKeys: await file.read() } });
    const submit = async (secret: typeof agent): Promise<RequestView> => {
      const body = {
        method: "tools/call",
        params: { name: "request_human_input", arguments: approval },
        id: 1,
      };
      return (await post(`${g.url}/mcp`, body, bearer(secret))).body.result.structuredContent;
    };
    const first = await submit(agent);
    await approve(g, first.request_id);
    expect(await submit(agent)).toMatchObject({ request_id: first.request_id, approved: true });
    expect(await submit(operator)).toMatchObject({ status: "pending", approved: null });
  });

  it("is one client and one session", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g, { ...approval, client_id: "shop-deployer" });
    await approve(g, request_id);
    expect(await ask(g, { ...approval, client_id: "billing-deployer" })).toMatchObject({ approved: null });
    expect(await ask(g, { ...approval, client_id: "shop-deployer", session_id: "t" })).toMatchObject({
      approved: null,
    });
  });
});

describe("the name of a client", () => {
  it("is its User-Agent's product if it gives no other, which separates no retries", async () => {
    await using g = await startGateway();
    const submit = async (userAgent: string, more: object = {}): Promise<RequestView> => {
      const params = { name: "request_human_input", arguments: { ...approval, ...more } };
      const body = { method: "tools/call", params, id: 1 };
      return (await post(`${g.url}/mcp`, body, { "user-agent": userAgent })).body.result.structuredContent;
    };
    const first = await submit("billing-deployer/2.1 (linux)");
    expect(first.client_id).toBe("billing-deployer");
    expect(await submit("billing-deployer-next/1.0")).toMatchObject({ request_id: first.request_id });
    expect(await submit("Python-Requests/2.32")).toMatchObject({ request_id: first.request_id });
    const other = { idempotency_key: "another" };
    expect(await submit("curl/8.5", other)).toMatchObject({ client_id: "agent" });
    expect(await submit("shop/1", { ...other, client_id: "named" })).toMatchObject({ client_id: "named" });
  });
});

describe("a key whose request has ended", () => {
  it("is answered with that request inside the replay window", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g, approval);
    await approve(g, request_id);
    expect(await ask(g, approval)).toMatchObject({ request_id, approved: true });
    expect(await refusal(g.url, "request_human_input", { ...approval, message: "Other" })).toMatchObject({
      code: "idempotency_conflict",
    });
  });

  it("is refused after it, with the old request inside the error and never approved at the top", async () => {
    await using g = await startGateway({ settings: { keyReplaySeconds: 0 } });
    const { request_id } = await ask(g, approval);
    await approve(g, request_id);
    const used = { code: "idempotency_key_used", request: { request_id, approved: true } };
    await expect.poll(() => refusal(g.url, "request_human_input", approval)).toMatchObject(used);
    for (const args of [approval, { ...approval, message: "Other" }, { ...approval, wait_seconds: 1 }]) {
      const { result } = await call(g.url, "request_human_input", args);
      expect(result).toMatchObject({ isError: true, structuredContent: { error: used } });
      expect(result.structuredContent).not.toHaveProperty("approved");
    }
    const message = (await refusal(g.url, "request_human_input", approval)).message;
    expect(message).toMatch(/was decided at .* by Alice.* needs a new key.* status of request/);
    const body = { session_id: "default", client_id: "agent", ...approval };
    expect((await post(`${g.url}/hitl/request`, body)).status).toBe(409);
  });

  it.each([
    ["cancelled", { reason: "no longer needed" }],
    ["expired", undefined],
  ] as const)("and was %s says that a new key asks again", async (status, cancel) => {
    await using g = await startGateway({ settings: { minTimeoutSeconds: 1 } });
    const args = { ...approval, timeout_seconds: 1 };
    const { request_id } = await ask(g, args);
    if (cancel !== undefined) await call(g.url, "cancel_request", { request_id, ...cancel });
    const content = async () => (await call(g.url, "request_human_input", args)).result;
    await expect
      .poll(async () => (await content()).structuredContent.status, { timeout: 10_000 })
      .toBe(status);
    const sentence = (await content()).content.at(-1).text;
    expect(sentence).toContain("with a new idempotency_key asks again");
    // Following the advice asks again.
    const next = await ask(g, { ...args, idempotency_key: "another" });
    expect(next).toMatchObject({ status: "pending" });
    expect(next.request_id).not.toBe(request_id);
  });
});

/** Steps of a life around a few keys: two callers, two keys, two texts. */
type Step =
  | { readonly do: "submit"; readonly caller: number; readonly key: number; readonly text: number }
  | { readonly do: "approve"; readonly nth: number }
  | { readonly do: "pass"; readonly seconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      caller: fc.nat(1),
      key: fc.nat(1),
      text: fc.nat(1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("approve" as const), nth: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(1, 599, 700, 86_400) }),
  },
);

it("approves a call only if a person was shown that call's question, within its replay window", async () => {
  await using g = await startGateway();
  let clockMs = 0;
  const submitter = new Submitter({
    requests: g.requests,
    queries: g.queries,
    sessions: new SessionRegistry(await g.bus.keyValue.bucket("sessions"), telegramPolicy(onePerson)),
    departures: new Departures(await g.bus.keyValue.bucket("departures")),
    settings,
    logger: createLogger("test", "silent"),
    metrics: gatewayMetrics(createMetrics()),
    now: () => new Date(Date.now() + clockMs),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 20 }), async (steps) => {
      run += 1;
      clockMs = 0;
      /** What each shown question asked, and when it was approved. */
      const shown = new Map<string, { readonly asks: string; approvedAtMs?: number }>();
      const wrong: Step[] = [];
      for (const one of steps) {
        if (one.do === "pass") clockMs += one.seconds * 1_000;
        else if (one.do === "approve") {
          const [id, question] = [...shown][one.nth] ?? [];
          if (id === undefined || question === undefined || question.approvedAtMs !== undefined) continue;
          await approve(g, id);
          question.approvedAtMs = clockMs;
        } else {
          const asks = JSON.stringify([one.caller, one.key, one.text]);
          const outcome = await submitter.submit(
            {
              message: `text ${one.text}`,
              request_type: "confirmation",
              idempotency_key: `${run}.${one.key}`,
            },
            { caller: { kind: "key", tenant: "default", id: `key:${one.caller}`, scopes: ["request"] } },
          );
          if (outcome.kind === "error") continue;
          const { request_id, approved } = outcome.request.view;
          const question = shown.get(request_id) ?? { asks };
          shown.set(request_id, question);
          const sinceApprovalMs = clockMs - (question.approvedAtMs ?? -Infinity);
          if (question.asks !== asks || (approved === true && sinceApprovalMs > 601_000)) wrong.push(one);
        }
      }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
