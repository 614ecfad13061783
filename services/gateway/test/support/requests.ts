import { refOf } from "@loopgate/contracts";
import { aCancellation, aDecision, aFailedDelivery, subjectOf } from "@loopgate/testing/builders";
import { expect } from "vitest";
import type { TestGateway } from "./gateway.ts";
import { call, view } from "./wire.ts";

export const ask = (g: TestGateway, args: Record<string, unknown> = {}, signal?: AbortSignal) =>
  view(g.url, "request_human_input", { message: "m", ...args }, signal);
export const check = (g: TestGateway, request_id: string, wait_seconds = 0) =>
  view(g.url, "check_request_status", { request_id, wait_seconds });

async function questionOf(g: TestGateway, id: string) {
  const created = await g.requests.created({ tenant: "default", id });
  if (created === undefined) throw new Error("the log does not hold the question");
  return created;
}

/** Decides a request, as any process may. */
export async function decide(g: TestGateway, id: string): Promise<void> {
  const created = await questionOf(g, id);
  await g.requests.decide(refOf(created.event), () => ({ decide: aCancellation(created.event) }));
}

/** Decides a request as a person does who chooses this option. */
export async function answer(g: TestGateway, id: string, option: number): Promise<void> {
  const created = await questionOf(g, id);
  await g.requests.decide(refOf(created.event), () => ({ decide: aDecision(created.event, { option }) }));
}

/** Appends what the notifier appends if a delivery fails. */
export async function fail(g: TestGateway, id: string, endpoint: string): Promise<void> {
  const { event } = await questionOf(g, id);
  const failed = aFailedDelivery(event, endpoint);
  await g.bus.log.append(subjectOf(failed), failed);
}

/** Waits for exactly one pending request and returns its id. */
export async function pendingId(g: TestGateway): Promise<string> {
  const pending = async () =>
    (await call(g.url, "list_pending_requests", {})).result.structuredContent.requests;
  await expect.poll(pending).toHaveLength(1);
  return String((await pending())[0].request_id);
}
