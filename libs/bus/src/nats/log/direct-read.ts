import { withTimeout } from "@loopgate/async";
import type { StoredMsg } from "@nats-io/jetstream";
import { TimeoutError } from "@nats-io/transport-node";
import { CALL_TIMEOUT_MS } from "../connection/bus-options.ts";
import type { NatsClient } from "../connection/connect.ts";
import { isNotFound } from "../connection/errors.ts";

/** The newest message of each subject that matches, or the messages from a sequence on. */
type DirectQuery =
  | { readonly multi_last: string[] }
  | { readonly seq: number; readonly batch: number; readonly max_bytes: number };

/**
 * The answer of one server, which may lag behind the leader. Without the time limit, the client would wait for the rest of
 * an answer that breaks off.
 */
export async function readDirectly(
  { jsm, watch, apiPrefix }: Pick<NatsClient, "jsm" | "watch" | "apiPrefix">,
  stream: string,
  query: DirectQuery,
): Promise<readonly StoredMsg[]> {
  const messages: StoredMsg[] = [];
  const { promise: ended, resolve, reject } = Promise.withResolvers<true>();
  const received = {
    // Without a callback, the client would leak one subscription per read.
    callback: (done: { readonly err?: Error } | null, message: StoredMsg) => {
      if (done === null) messages.push(message);
      else if (done.err === undefined || isNotFound(done.err)) resolve(true);
      else reject(done.err);
    },
  };
  const reading = await ("multi_last" in query
    ? jsm.direct.getLastMessagesFor(stream, { ...query, ...received })
    : jsm.direct.getBatch(stream, { ...query, ...received }));
  try {
    if (await withTimeout(ended, CALL_TIMEOUT_MS, () => undefined)) return messages;
    watch.checkPermission(`${apiPrefix}.DIRECT.GET.${stream}`);
    throw new TimeoutError();
  } finally {
    reading.stop();
  }
}
