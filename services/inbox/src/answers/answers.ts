import { randomUUID } from "node:crypto";
import { sleep } from "@loopgate/async";
import {
  type DecidedEvent,
  keyToken,
  type RequestDetails,
  type RequestRef,
  type Stored,
  timestamp,
  webInbox,
} from "@loopgate/contracts";
import { requestDetailsOf } from "@loopgate/domain";
import {
  type AnswerOutcome,
  type AnswerRecorder,
  findRequest,
  type RequestLog,
  type RequestReaders,
} from "@loopgate/requests";
import { type ApiFailure, isNamedBy, isVisibleTo, noSuchRequest, type PersonCaller } from "@loopgate/rest";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { InboxMetrics } from "../inbox-metrics.ts";
import { lateAnswer, refusedAnswer } from "./refused-answers.ts";

export interface AnswersOptions extends RequestReaders {
  readonly requests: RequestLog;
  readonly recorder: AnswerRecorder;
  readonly logger: Logger;
  readonly metrics: InboxMetrics;
}

/** What a person answers in the inbox. */
export interface GivenAnswer {
  /** The tag of the question that the person read. */
  readonly tag: string;
  /** The value of an option, or a typed text. */
  readonly choice: { readonly option: string } | { readonly text: string };
  readonly comment?: string | undefined;
  /** The same for each retry of one answer. */
  readonly key?: string | undefined;
}

type RequestOutcome = { readonly kind: "request"; readonly request: RequestDetails } | ApiFailure;

/** Answers that people give in the inbox. All methods throw `Unavailable` if the log or the store does not answer. */
export class Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /**
   * Records an answer if it is the first decision, and reports what counts. The same answer of the same person again
   * succeeds.
   */
  async record(id: string, given: GivenAnswer, person: PersonCaller): Promise<RequestOutcome> {
    // Taken on arrival: what is read below may take until after the end.
    const storedAt = timestamp();
    const ref = { tenant: person.tenant, id };
    const found = await this.#find(ref, person);
    if (found.kind === "error") return found;
    const { options } = found.request;
    const outcome = await this.#settled({
      request: { ...ref, tag: given.tag },
      // A person in the inbox is at no place of a channel: every recipient counts that names one of the principals.
      endpoints: [],
      isAt: () => true,
      principals: person.principals,
      person: person.id,
      name: person.name,
      auth: person.auth,
      channel: webInbox.channel,
      key: keyToken(person.id, given.key ?? randomUUID()),
      choice: choiceAmong(options, given.choice),
      comment: given.comment,
      storedAt,
    });
    this.#options.metrics.answers.inc({
      outcome: outcome.kind === "rejected" ? outcome.reason : outcome.kind,
    });
    if (outcome.kind === "rejected") return refusedAnswer(outcome.reason);
    const request = await this.#decided(ref, outcome.decision);
    if (outcome.kind === "already_decided") return lateAnswer(request);
    if (outcome.kind === "recorded")
      this.#options.logger.info(
        { ...requestFields(outcome.created), person: person.id },
        "a person answered",
      );
    return { kind: "request", request };
  }

  /** Records that a person whom the request asks has opened it. Another person who may read it leaves no trace. */
  async markSeen(id: string, person: PersonCaller): Promise<RequestOutcome> {
    const ref = { tenant: person.tenant, id };
    const found = await this.#find(ref, person);
    if (found.kind === "error" || !isNamedBy(found.request, person)) return found;
    if (found.request.view.status === "pending")
      await this.#options.requests.recordSeen(ref, {
        person: person.id,
        name: person.name,
        channel: webInbox.channel,
      });
    return found;
  }

  /** A request that the person may not read is answered like one that does not exist. */
  async #find(ref: RequestRef, person: PersonCaller): Promise<RequestOutcome> {
    const request = await findRequest(this.#options, ref);
    return request === undefined || !isVisibleTo(person, request)
      ? noSuchRequest()
      : { kind: "request", request };
  }

  /** Waits, about a second at most, for the end of a request whose answer came too late. */
  async #settled(
    answer: Parameters<AnswerRecorder["record"]>[0],
  ): Promise<Exclude<AnswerOutcome, { readonly kind: "wait" }>> {
    for (;;) {
      const outcome = await this.#options.recorder.record(answer);
      if (outcome.kind !== "wait") return outcome;
      await sleep(outcome.forMs);
    }
  }

  async #decided(ref: RequestRef, { seq }: Stored<DecidedEvent>): Promise<RequestDetails> {
    const request = requestDetailsOf(await this.#options.requests.read(ref, seq));
    if (request === undefined) throw new TypeError("a decided request has no question");
    return request;
  }
}

/** No option has the number -1: it is refused as unknown. */
const choiceAmong = (options: RequestDetails["options"], choice: GivenAnswer["choice"]) =>
  "text" in choice ? choice : { option: options.findIndex(({ value }) => value === choice.option) };
