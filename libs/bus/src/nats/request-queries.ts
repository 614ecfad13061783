import { withTimeout } from "@loopgate/async";
import {
  CancelCommand,
  CancelReply,
  CountReply,
  isKnownToAll,
  ListQuery,
  ListReply,
  QueryAnswer,
  querySubject,
  RequestFilter,
  StatusQuery,
  StatusReply,
  TimelineReply,
} from "@loopgate/contracts";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { type Subscription, Unavailable } from "../event-log.ts";
import type { RequestQueries } from "../request-queries.ts";

/**
 * How long a query may take, in milliseconds. A cancel takes longer, because it also appends a decision and projects it;
 * so does a search for words.
 */
const TIMEOUT_MS = {
  status: 2_000,
  timeline: 2_000,
  list: 3_000,
  search: 5_000,
  count: 5_000,
  cancel: 5_000,
} as const;

type Verb = keyof typeof TIMEOUT_MS;

interface Schema<Reply> {
  parse(given: unknown): Reply;
}

/** Sends each query to one `state` process. The server reports at once that none is running. */
export class NatsRequestQueries implements RequestQueries {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  status(query: StatusQuery): Promise<StatusReply> {
    return this.#ask("status", query, StatusReply);
  }

  timeline(query: StatusQuery): Promise<TimelineReply> {
    return this.#ask("timeline", query, TimelineReply);
  }

  list(query: ListQuery): Promise<ListReply> {
    return this.#ask(isKnownToAll(query) ? "list" : "search", query, ListReply);
  }

  count(filter: RequestFilter): Promise<CountReply> {
    return this.#ask("count", filter, CountReply);
  }

  cancel(command: CancelCommand): Promise<CancelReply> {
    return this.#ask("cancel", command, CancelReply);
  }

  async #ask<Reply>(verb: Verb, query: object, reply: Schema<Reply>): Promise<Reply> {
    const options = { timeout: TIMEOUT_MS[verb] };
    const message = await this.#connection
      .request(querySubject(verb), JSON.stringify(query), options)
      .catch((cause: unknown) => {
        throw new Unavailable("no state service answers: check that one is running", { cause });
      });
    const answer = QueryAnswer.parse(message.json());
    if (!answer.ok)
      throw new Unavailable("the state service cannot answer now: check its log and its database");
    return reply.parse(answer.reply);
  }
}

/** The queue group of the serving processes: each query goes to one of them. */
const QUEUE = "state";

/** Draining waits for the server, which may never come back: hence this limit, in milliseconds. */
const DRAIN_TIMEOUT_MS = 2_000;

/**
 * Answers queries until disposed. Disposal stops the intake and waits for the answers to queries already received.
 * `onFailure` receives the errors of failed queries; their callers receive a reply without an answer.
 * @throws Unavailable if the connection is lost meanwhile.
 */
export async function serveQueries(
  connection: NatsConnection,
  queries: RequestQueries,
  onFailure: (error: unknown) => void,
): Promise<Subscription> {
  const running = new Set<Promise<void>>();
  const serve = (verb: Verb, reply: (query: unknown) => Promise<object>) =>
    connection.subscribe(querySubject(verb), {
      queue: QUEUE,
      callback: (error, message) => {
        if (error !== null) return onFailure(error);
        const run = answer(message, reply, onFailure).finally(() => running.delete(run));
        running.add(run);
      },
    });
  const subscriptions = [
    serve("status", (query) => queries.status(StatusQuery.parse(query))),
    serve("timeline", (query) => queries.timeline(StatusQuery.parse(query))),
    serve("list", (query) => queries.list(ListQuery.parse(query))),
    serve("search", (query) => queries.list(ListQuery.parse(query))),
    serve("count", (filter) => queries.count(RequestFilter.parse(filter))),
    serve("cancel", (query) => queries.cancel(CancelCommand.parse(query))),
  ];
  try {
    await connection.flush();
  } catch (cause) {
    for (const subscription of subscriptions) subscription.unsubscribe();
    throw new Unavailable("NATS does not confirm the subscription to queries", { cause });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      const open = subscriptions.filter((subscription) => !subscription.isClosed());
      const drained = Promise.all(open.map((subscription) => subscription.drain()));
      await withTimeout(drained, DRAIN_TIMEOUT_MS, () => undefined);
      await Promise.all(running);
    },
  };
}

/** Always sends a reply: also when the query fails, or the server rejects the first reply, for example as too large. */
async function answer(
  message: Msg,
  reply: (query: unknown) => Promise<object>,
  onFailure: (error: unknown) => void,
): Promise<void> {
  try {
    respond(message, { ok: true, reply: await reply(message.json()) });
  } catch (error) {
    if (!(error instanceof Unavailable)) onFailure(error);
    respond(message, { ok: false });
  }
}

const respond = (message: Msg, answered: QueryAnswer): void => void message.respond(JSON.stringify(answered));
