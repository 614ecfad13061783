import type { Asked, Codec, HostQuestion, Verdict } from "@loopgate/hosts";
import { callNames, type Rule } from "@loopgate/hosts/rules";

/** One question of Loopgate, and what its answer means. */
export interface Question {
  readonly args: Readonly<Record<string, unknown>>;
  /** True if the request must name the digest of the action, because a person could not see the action otherwise. */
  readonly showsAction: boolean;
}

/** A request that has ended with a person's answer. */
export interface Answered {
  readonly approved: boolean;
  /** The value of the chosen option, or the typed text. */
  readonly response: string;
  readonly comment: string | undefined;
}

interface Circumstances {
  readonly codec: Codec;
  readonly rule?: Rule | undefined;
  /** Tells which rules decided to ask. */
  readonly rulesVersion?: string | undefined;
  readonly timeoutSeconds: number;
}

const MAX_MESSAGE = 16_000;
const MAX_SUMMARY = 1_000;
const MAX_OPTION = 200;

/** The questions that a call raises: one for a tool or a plan, several where the agent asks several. */
export function questionsFor(asked: Asked, circumstances: Circumstances): readonly Question[] {
  const { codec, rule, rulesVersion, timeoutSeconds } = circumstances;
  const common = {
    session_id: rule?.session ?? asked.session,
    client_id: asked.host,
    ...(rulesVersion === undefined ? {} : { metadata: { rules: rulesVersion } }),
    timeout_seconds: Math.ceil(Math.min(rule?.timeoutSeconds ?? Infinity, timeoutSeconds)),
  };
  switch (asked.kind) {
    case "tool":
      return [{ args: { ...common, ...toolQuestion(asked, codec) }, showsAction: true }];
    case "plan": {
      const message = `${codec.name} asks whether to carry out this plan:\n\n${asked.plan || "(it wrote none)"}`;
      const args = { ...common, request_type: "confirmation", message: cutMiddle(message, MAX_MESSAGE) };
      return [{ args, showsAction: false }];
    }
    case "questions":
      return asked.questions.map((question) => ({
        args: { ...common, ...hostQuestion(question, codec) },
        showsAction: false,
      }));
  }
}

function toolQuestion({ host, tool, input, cwd, summary }: Extract<Asked, { kind: "tool" }>, codec: Codec) {
  const [name, ...others] = callNames(host, tool);
  const [server, ...rest] = others.length === 0 && tool.startsWith("mcp__") ? name.split(".") : [];
  const named = rest.length === 0 ? { tool } : { tool: rest.join("."), server };
  return {
    request_type: "confirmation",
    message: `${codec.name} asks to use ${cutMiddle(tool, MAX_OPTION)}.`,
    action: {
      ...named,
      arguments: input,
      host,
      cwd,
      ...(summary ? { summary: cutMiddle(summary, MAX_SUMMARY) } : {}),
    },
  };
}

/** Buttons where one option is to be chosen; otherwise a typed answer. */
function hostQuestion({ text, options, multiple }: HostQuestion, { name }: Codec) {
  const described = options.map(
    ({ label, description }, index) => `${index + 1}. ${label}${description ? ` – ${description}` : ""}`,
  );
  const how = multiple
    ? ["Reply with the numbers of your choices, such as 1, 3, or with your own words."]
    : [];
  const message = [`${name} asks: ${text}`, described.join("\n"), ...how]
    .filter((part) => part !== "")
    .join("\n\n");
  const shown = { message: cutMiddle(message, MAX_MESSAGE) };
  if (multiple || options.length === 0) return { ...shown, request_type: "input" };
  const buttons = options.map(({ label }, index) => ({
    label: cutMiddle(label, MAX_OPTION),
    value: String(index + 1),
    effect: "neutral",
  }));
  return { ...shown, request_type: "choice", options: buttons };
}

/** What the answers mean for the host: one for each question. */
export function verdictOf(asked: Asked, answers: readonly Answered[]): Verdict {
  if (asked.kind === "questions") {
    return {
      kind: "answers",
      answers: asked.questions.map((question, index) => textOf(question, answers[index])),
    };
  }
  const [answer] = answers;
  if (answer?.approved === true) return { kind: "allow" };
  return {
    kind: "deny",
    reason: answer?.comment ?? "The person who was asked denied this. Do not try it another way.",
  };
}

/** The labels that were chosen, or the person's own words. A comment beside a choice becomes part of the answer. */
function textOf({ options, multiple }: HostQuestion, answer: Answered | undefined): string {
  const { response = "", comment } = answer ?? {};
  const chosen = multiple ? response.split(/[\s,;]+/).filter((part) => part !== "") : [response];
  const labels = chosen.map((number) =>
    /^\d{1,3}$/.test(number) ? options[Number(number) - 1]?.label : undefined,
  );
  const said =
    labels.length > 0 && labels.every((label) => label !== undefined) ? labels.join(", ") : response;
  return comment === undefined ? said : `${said} (${comment})`;
}

/** At most `length` code points: both ends, and how much is left out between them. */
function cutMiddle(text: string, length: number): string {
  const points = text.length <= length ? [] : Array.from(text);
  if (points.length <= length) return text;
  const end = Math.floor((length - 40) / 2);
  const note = ` ⋯ ${points.length - 2 * end} characters left out ⋯ `;
  return points.slice(0, end).join("") + note + points.slice(-end).join("");
}
