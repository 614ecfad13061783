import { withTimeout } from "@loopgate/async";
import { fingerprint } from "@loopgate/contracts/fingerprint";
import type { Settled } from "@loopgate/hosts";
import type { Environment } from "@loopgate/settings";
import { type LoopgateCalls, loopgateCalls } from "./loopgate-calls.ts";
import { type HookQuestion, OpenQuestions } from "./open-questions.ts";

/** How long closing may take, in milliseconds: some hosts wait for this hook. What is left expires. */
const LIMIT_MS = 5_000;

/** Withdraws the questions of a session that were settled without their answer, for example at the terminal. */
export async function closeSettled(event: Settled, environment: Environment): Promise<void> {
  const notes = new OpenQuestions(environment, event.session);
  const settled = settledBy(event, notes.list());
  for (const [key] of settled) notes.remove(key);
  const ids = settled.flatMap(([, { openId }]) => (openId === undefined ? [] : [openId]));
  if (ids.length === 0) return;
  const calls = loopgateCalls(environment);
  await withTimeout(Promise.all(ids.map((id) => cancel(calls, id))), LIMIT_MS, () => undefined);
  calls.close();
}

async function cancel(calls: LoopgateCalls, id: string): Promise<void> {
  try {
    await calls.call("cancel_request", { request_id: id, reason: "settled at the terminal" });
  } catch {
    // It has ended, or it expires.
  }
}

type Noted = readonly [key: string, question: HookQuestion];

function settledBy({ agent, scope }: Settled, notes: readonly Noted[]): readonly Noted[] {
  if (scope.kind === "session") return notes;
  const ofAgent = notes.filter(([, question]) => question.agent === agent);
  if (scope.kind === "turn") return ofAgent;
  const exact = ofAgent.filter(([, { call }]) => call !== undefined && call === scope.call);
  if (exact.length > 0) return exact;
  const digest = fingerprint(scope.input);
  const isDialog = scope.tool === "AskUserQuestion" || scope.tool === "ExitPlanMode";
  const equal = ofAgent.filter(
    ([, { call, tool, inputDigest }]) =>
      (call === undefined || scope.call === undefined) &&
      tool === scope.tool &&
      (isDialog || inputDigest === digest),
  );
  // One call ends: the one that was answered, or else the oldest that is open.
  return equal
    .filter(([, { openId }]) => openId === undefined)
    .concat(equal)
    .slice(0, 1);
}
