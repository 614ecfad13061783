import { telegramPolicy } from "@loopgate/settings/telegram";
import { createLogger, createMetrics } from "@loopgate/runtime";
import { describe, expect, it } from "vitest";
import { gatewayMetrics } from "../src/gateway-metrics.ts";
import { Departures } from "../src/requests/departures.ts";
import { Submitter } from "../src/requests/submitter.ts";
import { SessionRegistry } from "../src/sessions/session-registry.ts";
import { cancelRequest } from "../src/tools/cancel-request.ts";
import { checkRequestStatus } from "../src/tools/check-request-status.ts";
import { listPendingRequests } from "../src/tools/list-pending-requests.ts";
import { requestHumanInput } from "../src/tools/request-human-input.ts";
import { Waiters } from "../src/requests/waiters.ts";
import { onePerson, settings, startGateway, type TestGateway } from "./support/gateway.ts";

const callerOf = (tenant: string) => ({
  caller: { kind: "key", tenant, id: "local", scopes: ["request"] } as const,
  signal: new AbortController().signal,
});

/** The tools over a gateway's log and state, for callers of any tenant. */
async function openTools({ bus, requests, queries }: TestGateway) {
  const metrics = gatewayMetrics(createMetrics());
  const logger = createLogger("test", "silent");
  const sessions = new SessionRegistry(await bus.keyValue.bucket("sessions"), telegramPolicy(onePerson));
  const departures = new Departures(await bus.keyValue.bucket("departures"));
  const waiters = await Waiters.open({ log: bus.log, requests, metrics, maxWaiters: 10 });
  const now = () => new Date();
  const submitter = new Submitter({
    requests,
    queries,
    sessions,
    departures,
    settings,
    logger,
    metrics,
    now,
  });
  return {
    sessions,
    ask: requestHumanInput({ submitter, waiters, settings }),
    check: checkRequestStatus({ requests, queries, waiters, settings }),
    list: listPendingRequests(queries),
    cancel: cancelRequest(queries),
    [Symbol.asyncDispose]: () => waiters[Symbol.asyncDispose](),
  };
}

const notFound = { kind: "error", error: { code: "not_found" } };

describe("a caller of one tenant", () => {
  it("can't see, wait for or cancel the requests of another", async () => {
    await using g = await startGateway();
    await using tools = await openTools(g);
    const asked = await tools.ask.run({ message: "m" }, callerOf("one"));
    if (asked.kind !== "request") throw new Error("nothing was asked");
    const { request_id } = asked.request.view;
    for (const args of [{ request_id }, { request_id, wait_seconds: 1 }]) {
      expect(await tools.check.run(args, callerOf("two"))).toMatchObject(notFound);
      expect(await tools.check.run(args, callerOf("one"))).toMatchObject({ kind: "request" });
    }
    expect(await tools.cancel.run({ request_id }, callerOf("two"))).toMatchObject(notFound);
    expect(await tools.list.run({}, callerOf("two"))).toMatchObject({ requests: [] });
    expect(await tools.list.run({}, callerOf("one"))).toMatchObject({ requests: [{ view: { request_id } }] });
    expect(await tools.cancel.run({ request_id }, callerOf("one"))).toMatchObject({ kind: "request" });
  });

  it("shares no idempotency key and no session with another", async () => {
    await using g = await startGateway();
    await using tools = await openTools(g);
    const keyed = { message: "m", session_id: "s", idempotency_key: "k" };
    const idFor = async (tenant: string) => {
      const outcome = await tools.ask.run(keyed, callerOf(tenant));
      return outcome.kind === "request" ? outcome.request.view.request_id : outcome.kind;
    };
    expect(await idFor("one")).toBe(await idFor("one"));
    expect(await idFor("two")).not.toBe(await idFor("one"));
    const at = { place: [], responders: [] };
    const registration = { clientId: "c", recipients: [{ address: "7", responderIds: [], at }] };
    await tools.sessions.register({ tenant: "one", id: "s" }, registration);
    await tools.sessions.deactivate({ tenant: "one", id: "s" });
    expect(await tools.sessions.get({ tenant: "two", id: "s" })).toBeUndefined();
    const fresh = { ...keyed, idempotency_key: "new" };
    expect(await tools.ask.run(fresh, callerOf("one"))).toMatchObject({
      error: { code: "session_inactive" },
    });
    expect(await tools.ask.run(fresh, callerOf("two"))).toMatchObject({ kind: "request" });
  });
});
