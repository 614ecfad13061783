import { randomUUID } from "node:crypto";
import { withTimeout } from "@loopgate/async";
import { fingerprint, sha256 } from "@loopgate/contracts/fingerprint";
import type { Asked, Codec, Verdict } from "@loopgate/hosts";
import type { Rule, Rules } from "@loopgate/hosts/rules";
import type { Environment } from "@loopgate/settings";
import { type LoopgateCalls, loopgateCalls, Refused } from "./loopgate-calls.ts";
import { OpenQuestions } from "./open-questions.ts";
import { type Answered, type Question, questionsFor, verdictOf } from "./question.ts";

export interface AskPersonOptions {
  readonly asked: Asked;
  readonly codec: Codec;
  readonly rules: Rules | undefined;
  readonly rule: Rule | undefined;
  /** How long a person has. */
  readonly holdSeconds: number;
  /** How long this process may still wait, in milliseconds. */
  readonly holdMs: number;
  readonly environment: Environment;
}

export type PersonAnswer =
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  /** Why there is no answer, as the end of a sentence. */
  | { readonly kind: "no_answer"; readonly reason: string };

/** How long the withdrawal of a question may take, in milliseconds. The host's own limit is 15 s away. */
const WITHDRAWAL_MS = 5_000;
const WAIT_SECONDS = 50;

/**
 * Asks the people of the session, and waits until one of them answers, this process's time is over, or the host ends it.
 * A question that has no waiting process any more is withdrawn.
 */
export async function askPerson(options: AskPersonOptions): Promise<PersonAnswer> {
  const asking = new Asking(options);
  const stopped = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.once(signal, () => stopped.resolve(`${options.codec.name} has ended the hook`));
  const timer = setTimeout(() => stopped.resolve("no person answered in time"), options.holdMs);
  try {
    const first = await Promise.race([asking.answers(), stopped.promise]);
    return typeof first === "string" ? await asking.withdraw(first) : first;
  } finally {
    clearTimeout(timer);
    asking.close();
  }
}

/** The questions of one call, asked one after the other. */
class Asking {
  readonly #asked: Asked;
  readonly #questions: readonly Question[];
  readonly #calls: LoopgateCalls;
  readonly #notes: OpenQuestions;
  readonly #noteKey = randomUUID();
  /** One call is one question, also if its hook runs again; two equal calls are two. */
  readonly #key: string;
  readonly #answers: Answered[] = [];
  /** The id of the question that is open, once Loopgate has accepted it. */
  #open: Promise<string> | undefined;

  constructor({ asked, codec, rules, rule, holdSeconds, environment }: AskPersonOptions) {
    this.#asked = asked;
    const rulesVersion = rules && sha256(rules.text).toString("hex").slice(0, 12);
    this.#questions = questionsFor(asked, { codec, rule, rulesVersion, timeoutSeconds: holdSeconds });
    this.#calls = loopgateCalls(environment);
    this.#notes = new OpenQuestions(environment, asked.session);
    const { host, session, call } = asked;
    this.#key = `hook-${call === undefined ? randomUUID() : sha256([host, session, call]).toString("hex")}`;
  }

  /** @throws Refused if Loopgate refuses a question. */
  async answers(): Promise<PersonAnswer> {
    for (const [index, question] of this.#questions.entries()) {
      const key = this.#questions.length === 1 ? this.#key : `${this.#key}-${index + 1}`;
      const request = await this.#ended(question, key);
      this.#open = undefined;
      const answer = answerIn(request);
      if (answer === undefined) {
        this.#notes.remove(this.#noteKey);
        return { kind: "no_answer", reason: endOf(request) };
      }
      this.#answers.push(answer);
    }
    this.#note(undefined);
    return { kind: "verdict", verdict: verdictOf(this.#asked, this.#answers) };
  }

  /** Ends the open question. If a person answered it before, that counts. */
  async withdraw(reason: string): Promise<PersonAnswer> {
    const answer = answerIn(await withTimeout(this.#cancelled(reason), WITHDRAWAL_MS, () => ({})));
    this.#notes.remove(this.#noteKey);
    const isComplete = answer !== undefined && this.#answers.length === this.#questions.length - 1;
    return isComplete
      ? { kind: "verdict", verdict: verdictOf(this.#asked, [...this.#answers, answer]) }
      : { kind: "no_answer", reason };
  }

  close(): void {
    this.#calls.close();
  }

  /** The open question after its cancellation; empty if there is none or Loopgate does not answer. */
  async #cancelled(reason: string): Promise<Request> {
    try {
      const id = await this.#open;
      return id === undefined ? {} : await this.#calls.call("cancel_request", { request_id: id, reason });
    } catch {
      return {};
    }
  }

  /** The request of a question, once it has ended. */
  async #ended(question: Question, key: string): Promise<Request> {
    const asked: Promise<Request> = this.#calls.call("request_human_input", {
      ...question.args,
      idempotency_key: key,
    });
    this.#open = asked.then(idIn);
    const id = await this.#open;
    let request = await asked;
    this.#note(id);
    if (question.showsAction && typeof request["action_digest"] !== "string") {
      await this.withdraw("this Loopgate is too old to show what would run");
      throw new Refused("that Loopgate is too old to show what would run: update it");
    }
    while (request["status"] === "pending")
      request = await this.#calls.call("check_request_status", {
        request_id: id,
        wait_seconds: WAIT_SECONDS,
      });
    return request;
  }

  #note(openId: string | undefined): void {
    const { agent, call, input } = this.#asked;
    this.#notes.note(this.#noteKey, {
      openId,
      agent,
      call,
      tool: toolOf(this.#asked),
      inputDigest: fingerprint(input),
      since: Date.now(),
    });
  }
}

type Request = Readonly<Record<string, unknown>>;

function idIn({ request_id: id }: Request): string {
  if (typeof id !== "string") throw new Refused("this is no answer of Loopgate's");
  return id;
}

/** Questions and plans have one tool each, and at most one dialog is open. */
const toolOf = (asked: Asked): string => {
  if (asked.kind === "tool") return asked.tool;
  return asked.kind === "plan" ? "ExitPlanMode" : "AskUserQuestion";
};

/** Undefined unless a person answered. */
function answerIn(request: Request): Answered | undefined {
  if (request["status"] !== "decided") return undefined;
  const { response, comment, approved } = request;
  return {
    approved: approved === true,
    response: typeof response === "string" ? response : "",
    comment: typeof comment === "string" ? comment : undefined,
  };
}

function endOf({ status, reason }: Request): string {
  if (status === "expired") return "no person answered in time";
  return `the question was withdrawn${typeof reason === "string" ? ` (${reason})` : ""}`;
}
