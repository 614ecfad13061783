import { CancelCommand, ListQuery, type QueryAnswer, querySubject, StatusQuery } from "@loopgate/contracts";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { type Subscription, Unavailable } from "../event-log.ts";
import type { RequestQueries } from "../request-queries.ts";
import { withTimeout } from "@loopgate/async";

/** All that serve share the queries: each is answered by one of them. */
const QUEUE = "state";

/** Draining waits for the server, which may be away for good. */
const DRAIN_TIMEOUT_MS = 2_000;

/**
 * Answers queries until it is disposed of: then it takes no more, and answers what it took. `onFailure` hears of what
 * broke a query; whoever asked is told that there is no answer.
 */
export async function serveQueries(
  connection: NatsConnection,
  queries: RequestQueries,
  onFailure: (error: unknown) => void,
): Promise<Subscription> {
  const running = new Set<Promise<void>>();
  const serve = (verb: Parameters<typeof querySubject>[0], reply: (query: unknown) => Promise<object>) =>
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
    serve("list", (query) => queries.list(ListQuery.parse(query))),
    serve("cancel", (query) => queries.cancel(CancelCommand.parse(query))),
  ];
  await connection.flush();
  return {
    [Symbol.asyncDispose]: async () => {
      const open = subscriptions.filter((subscription) => !subscription.isClosed());
      const drained = Promise.all(open.map((subscription) => subscription.drain()));
      await withTimeout(drained, DRAIN_TIMEOUT_MS, () => undefined);
      await Promise.all(running);
    },
  };
}

/** Whatever becomes of a query, whoever asked hears of it: also when the broker does not take the reply. */
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
