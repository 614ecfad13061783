import type {
  Asked,
  Codec,
  HookEvent,
  HookOutput,
  HookPoint,
  HostQuestion,
  Settled,
  Verdict,
} from "./codec.ts";
import { isObject, type JsonObject, ownMember, textMember } from "./values.ts";

/** Claude Code, seen with version 2.1.332. */
export const claudeCode: Codec = {
  host: "claude-code",
  name: "Claude Code",
  defaultLimitSeconds: 600,
  decode,
  encode: (asked, verdict) =>
    asked.point === "permission" ? permissionOutput(asked, verdict) : beforeCallOutput(asked, verdict),
  refuse: (reason) => ({ stdout: "", stderr: `${reason}\n`, exit: 2 }),
};

const HOST = "claude-code";

const NO_OUTPUT: HookOutput = { stdout: "", stderr: "", exit: 0 };

function decode(input: unknown): HookEvent {
  if (!isObject(input)) return unreadable("it is not an object");
  const session = textMember(input, "session_id");
  if (session === undefined) return unreadable("session_id is missing");
  const origin = { host: HOST, session, agent: textMember(input, "agent_id") } as const;
  const event = textMember(input, "hook_event_name");
  switch (event) {
    case undefined:
      return unreadable("hook_event_name is missing");
    case "PermissionRequest":
      return askedIn(input, origin, "permission");
    case "PreToolUse":
      return askedIn(input, origin, "before_call");
    case "PostToolUse":
    case "PostToolUseFailure":
      return settledCall(input, origin);
    case "Stop":
    case "SubagentStop":
    case "UserPromptSubmit":
      return { kind: "settled", ...origin, scope: { kind: "turn" } };
    case "SessionEnd":
      return { kind: "settled", ...origin, scope: { kind: "session" } };
    default:
      return { kind: "ignored" };
  }
}

const unreadable = (problem: string): HookEvent => ({ kind: "unreadable", problem });

type Origin = Pick<Asked, "session" | "agent"> & { readonly host: typeof HOST };

function askedIn(message: JsonObject, origin: Origin, point: HookPoint): HookEvent {
  const tool = textMember(message, "tool_name");
  const input = ownMember(message, "tool_input");
  if (tool === undefined || tool === "") return unreadable("tool_name is missing");
  if (!isObject(input)) return unreadable("tool_input is not an object");
  const call = textMember(message, "tool_use_id");
  const common = { ...origin, point, call, cwd: textMember(message, "cwd"), input };
  if (tool === "AskUserQuestion") {
    const questions = questionsIn(input);
    return questions === undefined
      ? unreadable("the questions are not readable")
      : { kind: "questions", ...common, questions };
  }
  if (tool === "ExitPlanMode") return { kind: "plan", ...common, plan: textMember(input, "plan") ?? "" };
  return { kind: "tool", ...common, tool, summary: textMember(input, "description") };
}

function settledCall(message: JsonObject, origin: Origin): Settled | { readonly kind: "ignored" } {
  const tool = textMember(message, "tool_name");
  const input = ownMember(message, "tool_input");
  if (tool === undefined || !isObject(input)) return { kind: "ignored" };
  const call = textMember(message, "tool_use_id");
  return { kind: "settled", ...origin, scope: { kind: "call", call, tool, input } };
}

function questionsIn(input: JsonObject): readonly HostQuestion[] | undefined {
  const given = ownMember(input, "questions");
  if (!Array.isArray(given) || given.length === 0) return undefined;
  const questions = given.map(questionIn).filter((question) => question !== undefined);
  const texts = new Set(questions.map(({ text }) => text));
  // The answers go back under the texts of the questions.
  return questions.length === given.length && texts.size === given.length ? questions : undefined;
}

function questionIn(given: unknown): HostQuestion | undefined {
  if (!isObject(given)) return undefined;
  const text = textMember(given, "question");
  const listed = ownMember(given, "options");
  if (text === undefined || text === "" || !Array.isArray(listed)) return undefined;
  const options = listed.flatMap((option) => {
    const label = isObject(option) ? textMember(option, "label") : undefined;
    return label === undefined ? [] : [{ label, description: textMember(option, "description") }];
  });
  if (options.length !== listed.length) return undefined;
  return { text, options, multiple: ownMember(given, "multiSelect") === true };
}

/**
 * The answer to `PermissionRequest`. Exit code 2 is ignored there, and so is an `allow` of a question or a plan that does not
 * return the input.
 */
function permissionOutput(asked: Asked, verdict: Verdict): HookOutput {
  const decision = decisionOf(asked, verdict);
  return decision === undefined ? NO_OUTPUT : json({ hookEventName: "PermissionRequest", decision });
}

function decisionOf(asked: Asked, verdict: Verdict): object | undefined {
  switch (verdict.kind) {
    case "deny":
      return { behavior: "deny", message: reasonOf(verdict.reason) };
    case "allow":
      if (asked.kind === "questions") return undefined;
      return asked.kind === "plan" ? { behavior: "allow", updatedInput: asked.input } : { behavior: "allow" };
    case "answers":
      if (asked.kind !== "questions" || verdict.answers.length !== asked.questions.length) return undefined;
      return { behavior: "allow", updatedInput: withAnswers(asked, verdict.answers) };
    case "ask":
    case "none":
      return undefined;
  }
}

/** The input of the tool with the answers under the texts of their questions. A text may be `__proto__`. */
function withAnswers(
  { input, questions }: Extract<Asked, { kind: "questions" }>,
  answers: readonly string[],
) {
  const entries = questions.map(({ text }, index) => [text, answers[index] ?? ""] as const);
  return { ...input, answers: Object.fromEntries(entries) };
}

/** The answer to `PreToolUse`. JSON, because with exit code 2 the model is shown the hook's whole command line. */
function beforeCallOutput(asked: Asked, verdict: Verdict): HookOutput {
  if (verdict.kind === "none" || verdict.kind === "answers") return NO_OUTPUT;
  if (verdict.kind === "allow")
    return asked.kind === "tool" ? beforeCall({ permissionDecision: "allow" }) : NO_OUTPUT;
  const permissionDecisionReason = reasonOf(verdict.reason);
  return beforeCall({ permissionDecision: verdict.kind, permissionDecisionReason });
}

const beforeCall = (decision: object): HookOutput => json({ hookEventName: "PreToolUse", ...decision });

const json = (hookSpecificOutput: object): HookOutput => ({
  ...NO_OUTPUT,
  stdout: JSON.stringify({ hookSpecificOutput }),
});

/** A denial without a message is invalid to the host. */
const reasonOf = (reason: string): string => (reason.trim() === "" ? "Denied." : reason);
