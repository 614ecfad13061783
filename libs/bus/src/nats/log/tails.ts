import { committedSubject, type LogEntry, parsedEntry, timestamp } from "@loopgate/contracts";
import { withTimeout } from "@loopgate/async";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { type Subscription, type TailListener, PermissionDenied, Unavailable } from "../../event-log.ts";
import type { NatsClient } from "../connection/connect.ts";
import { permissionMessage, permissionViolationOf } from "../connection/errors.ts";

const SUBSCRIBE_TIMEOUT_MS = 2_000;

/** The live tails of one connection. A reconnect is a gap in each of them. */
export class NatsTails {
  readonly #connection: NatsConnection;
  readonly #listeners = new Set<TailListener>();

  constructor({ connection, watch }: Pick<NatsClient, "connection" | "watch">) {
    this.#connection = connection;
    watch.onReconnect(() => {
      for (const listener of this.#listeners) reportGap(listener);
    });
  }

  /**
   * Subscribes to the subjects on which the stream republishes stored events: its own subjects also carry events that
   * lost a race.
   * @throws Unavailable if the server does not confirm the subscription within 2 s.
   */
  async add(filters: readonly string[], listener: TailListener): Promise<Subscription> {
    let refused: Error | undefined;
    const subscriptions = filters.map(republishedSubject).map((subject) =>
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
    const violation = permissionViolationOf(refused);
    if (violation === undefined) throw new Unavailable("NATS does not confirm the subscription of a tail");
    throw new PermissionDenied(permissionMessage(violation), { cause: refused });
  }
}

function republishedSubject(filter: string): string {
  const republished = committedSubject(filter);
  if (republished === filter) throw new TypeError("only events of requests can be tailed");
  return republished;
}

/** A message that can't be parsed counts as a gap: the listener then reads the log. */
function deliverTo(listener: TailListener, message: Msg): void {
  const entry = republishedEntry(message);
  if (entry === undefined) return reportGap(listener);
  try {
    listener.onEntry(entry);
  } catch {
    // A failing listener must not keep the entry from the other tails.
  }
}

function reportGap(listener: TailListener): void {
  try {
    listener.onGap();
  } catch {
    // As above: the other tails must learn of the gap.
  }
}

function republishedEntry(message: Msg): LogEntry | undefined {
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
