import type { Asked, HookEvent, HookOutput } from "@loopgate/hosts";
import { parseJson } from "@loopgate/runtime/json";
import type { Environment } from "@loopgate/settings";
import type { CallDecision } from "./decide-call.ts";
import { type HookOptions, parseHookOptions } from "./options.ts";
import { readRules, type RulesRead } from "./rules-file.ts";

// Not imported, for the reason in environment.ts.
const { readFileSync } = process.getBuiltinModule("node:fs");

const NO_OUTPUT: HookOutput = { stdout: "", stderr: "", exit: 0 };

const STDIN = 0;

/**
 * `loopgate hook <host>`: reads one event of a host from stdin and answers it on stdout. A host runs it before every call, so
 * it loads what asks a person only when one is asked.
 */
export async function runHook(args: readonly string[], environment: Environment): Promise<void> {
  const options = parseHookOptions(args);
  if (options.kind === "invalid") {
    finish({ ...NO_OUTPUT, stderr: `loopgate hook: ${options.problem}\n`, exit: options.isGate ? 2 : 0 });
    return;
  }
  finish(await outputFor(await readInput(), options, environment));
}

/** Exits explicitly, because a connection may still be open. The callback runs once everything is written. */
function finish({ stdout, stderr, exit }: HookOutput): void {
  process.exitCode = exit;
  if (stdout === "" && stderr === "") process.exit();
  process.stdout.on("error", () => process.exit());
  process.stderr.write(stderr);
  process.stdout.write(stdout, () => process.exit());
}

/** Read at once: streams take longer to load than the rest of a hook that asks nothing. */
async function readInput(): Promise<unknown> {
  const json = parseJson(readStdin() ?? (await streamStdin()));
  return json.kind === "value" ? json.value : undefined;
}

/** Undefined if nothing can be read yet, because a host gave a pipe that does not block. */
function readStdin(): string | undefined {
  try {
    return readFileSync(STDIN, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw error;
  }
}

async function streamStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

async function outputFor(
  input: unknown,
  options: HookOptions,
  environment: Environment,
): Promise<HookOutput> {
  const event = options.codec.decode(input);
  try {
    return await outputForEvent(event, options, environment);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return isAsked(event)
      ? withoutAnswer(event, options, reason)
      : { ...NO_OUTPUT, stderr: `loopgate hook: ${reason}\n` };
  }
}

async function outputForEvent(
  event: HookEvent,
  options: HookOptions,
  environment: Environment,
): Promise<HookOutput> {
  const { codec, isGate } = options;
  switch (event.kind) {
    case "ignored":
      return NO_OUTPUT;
    case "unreadable": {
      const reason = `Loopgate can't read what ${codec.name} sent (${event.problem}), so nothing was asked.`;
      return isGate ? codec.refuse(reason) : { ...NO_OUTPUT, stderr: `${reason}\n` };
    }
    case "settled": {
      const { hasNotes } = await import("./open-questions.ts");
      if (!hasNotes(environment, event.session)) return NO_OUTPUT;
      const { closeSettled } = await import("./close-settled.ts");
      await closeSettled(event, environment);
      return NO_OUTPUT;
    }
    case "tool":
    case "questions":
    case "plan":
      return outputForCall(event, options, environment);
  }
}

async function outputForCall(
  asked: Asked,
  options: HookOptions,
  environment: Environment,
): Promise<HookOutput> {
  const { codec, holdSeconds } = options;
  const read = await readRules(environment);
  if (read.kind === "invalid") return withoutAnswer(asked, options, read.problem);
  const decision = await decideCall(asked, read, options, environment);
  if (decision.kind !== "ask_person") return codec.encode(asked, decision);
  const { askPerson } = await import("./ask-person.ts");
  const rules = read.kind === "rules" ? read.rules : undefined;
  const holdMs = holdSeconds * 1_000 - performance.now();
  const { rule } = decision;
  const answer = await askPerson({ asked, codec, rules, rule, holdSeconds, holdMs, environment });
  return answer.kind === "verdict"
    ? codec.encode(asked, answer.verdict)
    : withoutAnswer(asked, options, answer.reason);
}

async function decideCall(
  asked: Asked,
  read: Exclude<RulesRead, { readonly kind: "invalid" }>,
  { isGate }: HookOptions,
  environment: Environment,
): Promise<CallDecision> {
  // The usual case of prompt mode.
  if (read.kind === "none" && asked.point === "before_call" && !isGate) return { kind: "none" };
  const { decideCall: decide } = await import("./decide-call.ts");
  const rules = read.kind === "rules" ? read.rules : undefined;
  return decide(asked, { rules, isGate, isAttended: environment["CLAUDE_CODE_SESSION_ATTENDED"] !== "0" });
}

/** A gate denies; otherwise the host goes on in its own way. */
function withoutAnswer(asked: Asked, { codec, isGate }: HookOptions, reason: string): HookOutput {
  const sentence = `Not approved: ${reason.replace(/\.$/, "")}.`;
  const output = codec.encode(asked, isGate ? { kind: "deny", reason: sentence } : { kind: "none" });
  return { ...output, stderr: `loopgate hook: ${reason}\n` };
}

const isAsked = (event: HookEvent): event is Asked =>
  event.kind === "tool" || event.kind === "questions" || event.kind === "plan";
