import { randomUUID } from "node:crypto";
import {
  type CancelCommand,
  type CancelReply,
  type CreatedEvent,
  type ListQuery,
  type ListReply,
  type LogEntry,
  refOf,
  type RequestDetails,
  type RequestRef,
  type StatusQuery,
  type StatusReply,
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
} from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import { cursorOf, positionOf } from "./cursor.ts";
import { expiredByLoss } from "./log-loss.ts";
import type { RequestStore } from "../store/request-store.ts";

export interface QueryOptions {
  readonly requests: RequestLog;
  readonly projection: Pick<Consumption, "waitForCatchUp">;
  readonly store: RequestStore;
  readonly logger: Logger;
  readonly now: () => Date;
}

/** A page has to fit into one NATS message, of at most a megabyte: long questions make it shorter than its limit. */
const MAX_PAGE_BYTES = 800_000;

/** How long a list waits for the projection to catch up, in milliseconds. */
const CATCH_UP_MS = 1_000;

/** Answers from the store merged with the log: never older than what an agent or a person has already been told. */
export class StateQueries implements RequestQueries {
  readonly #parts: QueryOptions;

  constructor(parts: QueryOptions) {
    this.#parts = parts;
  }

  async status({ tenant, id }: StatusQuery): Promise<StatusReply> {
    const ref = { tenant, id };
    const request = await this.#find(ref, await this.#parts.requests.read(ref));
    return request === undefined ? { kind: "not_found" } : { kind: "found", request };
  }

  async list({ tenant, session_id, client_id, limit, cursor }: ListQuery): Promise<ListReply> {
    const after = cursor === undefined ? undefined : positionOf(cursor);
    if (cursor !== undefined && after === undefined) return { kind: "invalid_cursor" };
    await this.#parts.projection.waitForCatchUp(CATCH_UP_MS);
    const page = { tenant, sessionId: session_id, clientId: client_id, after, limit: limit + 1 };
    const found = await this.#parts.store.listPending(page);
    const fitted = fitting(found.slice(0, limit));
    const requests = (await this.#stillPending(fitted)).flatMap((set) => requestDetailsOf(set) ?? []);
    const last = fitted.at(-1);
    if (found.length === fitted.length || last === undefined) return { kind: "page", requests };
    return { kind: "page", requests, next_cursor: cursorOf(last) };
  }

  /** The requests that are really pending: the projection may lag behind the log, and the log may have lost a question. */
  async #stillPending(sets: readonly RequestSet[]): Promise<readonly RequestSet[]> {
    const checks = sets.map(async (set) => ((await this.#isPending(set)) ? [set] : []));
    return (await Promise.all(checks)).flat();
  }

  async #isPending(set: RequestSet): Promise<boolean> {
    const { requests, now } = this.#parts;
    const created = createdOf(set)?.event;
    if (created === undefined) return false;
    const ref = refOf(created);
    if ((await requests.decision(ref)) !== undefined) return false;
    // Past its end, a question that the log has lost counts as expired: see #withLoss.
    return !hasEnded(created, now()) || (await requests.created(ref)) !== undefined;
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
    const request = await this.#find(ref, fold(entries));
    if (request === undefined) return { kind: "not_found" };
    const { status } = request.view;
    if (status === "pending") throw new Unavailable("the log no longer holds the request's question");
    return { kind: status === "cancelled" ? "cancelled" : "already_decided", request };
  }

  /** Undefined only if store and log both answered and neither knows the id (docs/invariants.md#not-found-needs-both). */
  async #find(ref: RequestRef, logged: RequestSet): Promise<RequestDetails | undefined> {
    const isLogged = createdOf(logged) !== undefined;
    const set = mergeSets((await this.#stored(ref, isLogged)) ?? {}, logged);
    if (Object.keys(set).length === 0) return undefined;
    if (createdOf(set) === undefined) throw new Unavailable("neither the log nor the store has the question");
    return requestDetailsOf(isLogged ? set : this.#withLoss(set));
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

/** As many of the first sets as a page can hold; at least one. */
function fitting(sets: readonly RequestSet[]): readonly RequestSet[] {
  let bytes = 0;
  const end = sets.findIndex((set, index) => {
    bytes += Buffer.byteLength(JSON.stringify(requestDetailsOf(set) ?? null));
    return bytes > MAX_PAGE_BYTES && index > 0;
  });
  return end === -1 ? sets : sets.slice(0, end);
}
