import { committedSubject, parsedEntry, type LogEntry, timestamp } from "@loopgate/contracts";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { BusObserver } from "../../bus-observer.ts";
import { type Subscription, type TailListener, Unavailable } from "../../event-log.ts";
import { refusalOf, refusalSentence } from "../connection/failures.ts";
import { withTimeout } from "@loopgate/async";

const SUBSCRIBE_TIMEOUT_MS = 2_000;

/** The live tails of one connection. Each has a gap wherever the connection had one, so one watch serves them all. */
export class NatsTails {
  readonly #connection: NatsConnection;
  readonly #observer: Pick<BusObserver, "reconnected"> | undefined;
  readonly #listeners = new Set<TailListener>();

  constructor(connection: NatsConnection, observer?: Pick<BusObserver, "reconnected">) {
    this.#connection = connection;
    this.#observer = observer;
    void this.#watch();
  }

  /**
   * Only what the stream repeats after storing it: its own subjects would also carry events that lost.
   * @throws Unavailable when the server does not confirm the subscription.
   */
  async add(filters: readonly string[], listener: TailListener): Promise<Subscription> {
    let refused: Error | undefined;
    const subscriptions = filters.map(repeatedSubject).map((subject) =>
      this.#connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) deliverTo(listener, message);
          else refused = error;
        },
      }),
    );
    this.#listeners.add(listener);
    const end = () => {
      this.#listeners.delete(listener);
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
    const confirmed = await withTimeout(
      this.#connection.flush().then(() => true),
      SUBSCRIBE_TIMEOUT_MS,
      () => false,
    ).catch(() => false);
    if (confirmed && refused === undefined) return { [Symbol.asyncDispose]: async () => end() };
    end();
    const refusal = refusalOf(refused);
    throw new Unavailable(
      refusal === undefined ? "NATS does not confirm a live tail" : refusalSentence(refusal),
      { cause: refused },
    );
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type !== "reconnect") continue;
      this.#observer?.reconnected();
      for (const listener of this.#listeners) tellGap(listener);
    }
  }
}

function repeatedSubject(filter: string): string {
  const repeated = committedSubject(filter);
  if (repeated === filter) throw new TypeError("only events of requests have a live tail");
  return repeated;
}

/** What can't be read is a gap: the log itself has it. */
function deliverTo(listener: TailListener, message: Msg): void {
  const entry = repeatedEntry(message);
  if (entry === undefined) return tellGap(listener);
  try {
    listener.onEntry(entry);
  } catch {
    // A tail promises nothing; its listener's own problem must not keep the entry from the others.
  }
}

function tellGap(listener: TailListener): void {
  try {
    listener.onGap();
  } catch {
    // As above: the other tails must hear of the gap.
  }
}

function repeatedEntry(message: Msg): LogEntry | undefined {
  const { headers } = message;
  if (headers === undefined) return undefined;
  try {
    const entry = parsedEntry({
      subject: headers.get("Nats-Subject"),
      seq: Number(headers.get("Nats-Sequence")),
      event: message.json(),
    });
    return { ...entry, storedAt: timestamp(new Date(headers.get("Nats-Time-Stamp"))) };
  } catch {
    return undefined;
  }
}
