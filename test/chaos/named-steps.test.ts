import { FakeTelegram, person, type ShownMessage } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { it } from "../harness/it.ts";
import { viewFrom } from "../harness/call.ts";
import {
  type DeployedService,
  type Deployment,
  type ServiceName,
  startDeployment,
} from "../harness/deployment.ts";
import { type NatsTap, startNatsTap, type Step } from "../harness/nats-tap.ts";
import { botToken } from "../harness/secret-scan.ts";

const parts = new AsyncDisposableStack();
let telegram: FakeTelegram;
let deployment: Deployment;
/** The services that a row does not hurt; those that it does are started and killed by the row. */
const running = new Map<ServiceName, DeployedService>();
let questions = 0;
const retryWhileUnavailable = { timeout: 45_000, interval: 50 };

beforeAll(async () => {
  telegram = parts.use(await FakeTelegram.start(botToken));
  const environment = { LOOPGATE_MIN_TIMEOUT_SECONDS: "1" };
  deployment = parts.use(await startDeployment({ apiRoot: telegram.apiRoot, environment }));
  for (const service of ["gateway", "state", "notifier"] as const) await revive(service);
});
afterAll(() => parts.disposeAsync());

const revive = async (service: ServiceName) => void running.set(service, await deployment.start(service));
const gatewayUrl = () => running.get("gateway")?.url ?? "";

/** Puts a service behind a tap in place of the one that runs, has it at the step, kills it there, and starts it anew. */
async function killAt(
  service: ServiceName,
  step: Step,
  provoke: (victim: DeployedService) => void,
): Promise<void> {
  await running.get(service)?.stop();
  await using tap: NatsTap = await startNatsTap(deployment.nats.url);
  const victim = await deployment.start(service, { environment: { NATS_URL: tap.url } });
  running.set(service, victim);
  const struck = tap.strikeAt(step);
  provoke(victim);
  await struck;
  await victim.kill();
  await revive(service);
}

interface Question {
  readonly text: string;
  readonly submission: Record<string, unknown>;
}

function aQuestion(more: Record<string, unknown> = {}): Question {
  const text = `question ${++questions}.`;
  const submission = { message: text, request_type: "confirmation", idempotency_key: text, ...more };
  return { text, submission };
}

const ask = ({ submission }: Question, url = gatewayUrl()) =>
  viewFrom(url, "request_human_input", submission);
const status = (request_id: string, wait_seconds = 0) =>
  viewFrom(gatewayUrl(), "check_request_status", { request_id, wait_seconds });
const copiesOf = ({ text }: Question) =>
  telegram.messagesIn(7).filter((message) => message.text.includes(text));

const sendsOf = ({ text }: Question) =>
  telegram.calls.filter(
    ({ method, payload }) => method === "sendMessage" && String(payload["text"]).includes(text),
  ).length;

async function shown(question: Question): Promise<ShownMessage> {
  await expect.poll(() => copiesOf(question).length, retryWhileUnavailable).toBeGreaterThan(0);
  return copiesOf(question)[0]!;
}

const press = (message: ShownMessage) => telegram.press(person(7), message, "Approve");

/** Whatever happened on the way: one request, approved once, told so, and every recorded copy closed. */
async function expectApproved(question: Question, extraMessages: number): Promise<void> {
  const { request_id } = await ask(question);
  const view = await status(request_id, 45);
  expect(view).toMatchObject({ status: "decided", approved: true, response: "Approve" });
  expect(copiesOf(question).length).toBeLessThanOrEqual(1 + extraMessages);
  for (const copy of copiesOf(question)) if (copy.buttons.length > 0) press(copy);
  await expect
    .poll(() => copiesOf(question).map(({ text }) => text.includes("✅ Approved")), retryWhileUnavailable)
    .toEqual(copiesOf(question).map(() => true));
  expect(await status(request_id)).toEqual(view);
}

describe.each(["sent", "answered"] as const)("kill -9 before the broker's word is %s:", (strikeBefore) => {
  it("a gateway that asks (C1, C2)", async () => {
    const question = aQuestion();
    const step = { publishes: /\.created$/, strikeBefore };
    await killAt("gateway", step, ({ url }) => void ask(question, url).catch(() => undefined));
    await ask(question);
    press(await shown(question));
    await expectApproved(question, 0);
  });

  it("a notifier that has sent and records the copy (D2, D3)", async () => {
    const question = aQuestion();
    await killAt("notifier", { publishes: /\.delivered\./, strikeBefore }, () => void ask(question));
    press((await shown(question)) && copiesOf(question).at(-1)!);
    await expectApproved(question, 1);
  });

  it("a notifier that stores a press (A1)", async () => {
    const question = aQuestion();
    await ask(question);
    const message = await shown(question);
    await killAt("notifier", { publishes: /^loopgate\.channel\./, strikeBefore }, () => void press(message));
    await expectApproved(question, 0);
  });

  it("a notifier that decides (A2)", async () => {
    const question = aQuestion();
    await ask(question);
    const message = await shown(question);
    await killAt("notifier", { publishes: /\.decided$/, strikeBefore }, () => void press(message));
    await expectApproved(question, 0);
  });

  it("a state service that cancels (X1, X2)", async () => {
    const { request_id } = await ask(aQuestion());
    const cancel = () => viewFrom(gatewayUrl(), "cancel_request", { request_id, reason: "first" });
    await killAt(
      "state",
      { publishes: /\.decided$/, strikeBefore },
      () => void cancel().catch(() => undefined),
    );
    await expect
      .poll(() => cancel().catch(() => undefined), retryWhileUnavailable)
      .toMatchObject({ status: "cancelled" });
    expect(await status(request_id)).toMatchObject({ status: "cancelled", reason: "first", approved: false });
  });

  it("a state service that ends a request in time (T2)", async () => {
    const question = aQuestion({ timeout_seconds: 2 });
    const step = { publishes: /\.decided$/, strikeBefore };
    await killAt("state", step, () => void ask(question).catch(() => undefined));
    const { request_id } = await ask(question);
    expect(await status(request_id, 40)).toMatchObject({ status: "expired", approved: false });
  });

  it("a state service that sets a timer", async () => {
    const question = aQuestion({ timeout_seconds: 3 });
    const step = { publishes: /^loopgate\.timer\./, strikeBefore };
    await killAt("state", step, () => void ask(question).catch(() => undefined));
    const { request_id } = await ask(question);
    expect(await status(request_id, 40)).toMatchObject({ status: "expired", approved: false });
  });

  it("a state service that has projected (P2)", async () => {
    const question = aQuestion();
    const step = { publishes: /^\$JS\.ACK\..*state-projection/, strikeBefore: "sent" } as const;
    await killAt("state", step, () => void ask(question).catch(() => undefined));
    press(await shown(question));
    await expectApproved(question, 0);
  });
});

describe("Telegram's side of a step:", () => {
  it("a notifier killed before its send arrives (D1)", async () => {
    telegram.faults.add("sendMessage", { kind: "hang" }, 1);
    const question = aQuestion();
    await ask(question);
    await expect.poll(() => sendsOf(question), retryWhileUnavailable).toBe(1);
    await running.get("notifier")?.kill();
    await revive("notifier");
    press(await shown(question));
    await expectApproved(question, 0);
  });

  it("a notifier killed after it decided and before it tells (A4)", async () => {
    const question = aQuestion();
    const { request_id } = await ask(question);
    const message = await shown(question);
    telegram.faults.add("answerCallbackQuery", { kind: "hang" }, 1);
    telegram.faults.add("editMessageText", { kind: "hang" }, 1);
    press(message);
    expect(await status(request_id, 40)).toMatchObject({ approved: true });
    await running.get("notifier")?.kill();
    await revive("notifier");
    await expectApproved(question, 0);
  });
});
