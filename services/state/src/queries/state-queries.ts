import { randomUUID } from "node:crypto";
import {
  type CancelCommand,
  type CancelReply,
  type CountReply,
  type CreatedEvent,
  type ListQuery,
  type ListReply,
  type LogEntry,
  type RequestDetails,
  type RequestFilter,
  type RequestRef,
  type StatusQuery,
  type StatusReply,
  type TimelineReply,
} from "@loopgate/contracts";
import { type Consumption, type RequestQueries, Unavailable } from "@loopgate/bus";
import { type RequestLog } from "@loopgate/requests";
import {
  cancellation,
  createdOf,
  decisionOf,
  requestDetailsOf,
  fold,
  hasEnded,
  mergeSets,
  type RequestSet,
  timelineOf,
} from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import { expiredByLoss } from "./log-loss.ts";
import { RequestLists } from "./request-lists.ts";
import type { RequestStore } from "../store/request-store.ts";

export interface QueryOptions {
  readonly requests: RequestLog;
  readonly projection: Pick<Consumption, "waitForCatchUp">;
  readonly store: RequestStore;
  readonly logger: Logger;
  readonly now: () => Date;
}

/** Answers from the store merged with the log: never older than what an agent or a person has already been told. */
export class StateQueries implements RequestQueries {
  readonly #parts: QueryOptions;
  readonly #lists: RequestLists;

  constructor(parts: QueryOptions) {
    this.#parts = parts;
    this.#lists = new RequestLists(parts);
  }

  async status({ tenant, id }: StatusQuery): Promise<StatusReply> {
    const ref = { tenant, id };
    const request = detailsIn(await this.#find(ref, await this.#parts.requests.read(ref)));
    return request === undefined ? { kind: "not_found" } : { kind: "found", request };
  }

  async timeline({ tenant, id }: StatusQuery): Promise<TimelineReply> {
    const ref = { tenant, id };
    const set = await this.#find(ref, await this.#parts.requests.read(ref));
    const request = detailsIn(set);
    if (set === undefined || request === undefined) return { kind: "not_found" };
    return { kind: "found", request, timeline: [...timelineOf(set)] };
  }

  list(query: ListQuery): Promise<ListReply> {
    return this.#lists.list(query);
  }

  count(filter: RequestFilter): Promise<CountReply> {
    return this.#lists.count(filter);
  }

  async cancel({ tenant, id, reason }: CancelCommand): Promise<CancelReply> {
    const ref = { tenant, id };
    const { requests, logger, now } = this.#parts;
    const result = await requests.decide(ref, (set) => {
      const created = createdOf(set)?.event;
      if (created === undefined) throw new TypeError("a decider was called without a question");
      return { decide: cancellation(created, `cancel.${randomUUID()}`, now(), reason) };
    });
    if (result.kind === "own") logger.info(requestFields(result.created), "cancelled");
    const entries = await requests.entries(ref);
    if (result.kind !== "gone") await this.#projectBeforeReply(result.created, entries);
    const request = detailsIn(await this.#find(ref, fold(entries)));
    if (request === undefined) return { kind: "not_found" };
    const { status } = request.view;
    if (status === "pending") throw new Unavailable("the log no longer holds the request's question");
    return { kind: status === "cancelled" ? "cancelled" : "already_decided", request };
  }

  /** Undefined only if store and log both answered and neither knows the id (docs/invariants.md#not-found-needs-both). */
  async #find(ref: RequestRef, logged: RequestSet): Promise<RequestSet | undefined> {
    const isLogged = createdOf(logged) !== undefined;
    const set = mergeSets((await this.#stored(ref, isLogged)) ?? {}, logged);
    if (Object.keys(set).length === 0) return undefined;
    if (createdOf(set) === undefined) throw new Unavailable("neither the log nor the store has the question");
    return isLogged ? set : this.#withLoss(set);
  }

  /** While the database is away, a question that the log still holds is answered from the log alone. */
  async #stored(ref: RequestRef, isLogged: boolean): Promise<RequestSet | undefined> {
    try {
      return await this.#parts.store.get(ref);
    } catch (error) {
      if (error instanceof Unavailable && isLogged) return undefined;
      throw error;
    }
  }

  /** A stored question past its end that the log has lost can never be decided: it reads as expired. */
  #withLoss(set: RequestSet): RequestSet {
    const created = createdOf(set);
    if (created === undefined || decisionOf(set) !== undefined) return set;
    if (!hasEnded(created.event, this.#parts.now())) return set;
    this.#parts.logger.error(requestFields(created.event), "the log lost an undecided request");
    return expiredByLoss(set, created);
  }

  /** Read-your-writes: lists show a cancel at once. Without the database the projection catches up later. */
  async #projectBeforeReply(created: CreatedEvent, entries: readonly LogEntry[]): Promise<void> {
    try {
      await this.#parts.store.merge(entries);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const fields = { ...requestFields(created), err: error };
      this.#parts.logger.warn(fields, "the store is away; the projection catches up later");
    }
  }
}

const detailsIn = (set: RequestSet | undefined): RequestDetails | undefined => set && requestDetailsOf(set);
