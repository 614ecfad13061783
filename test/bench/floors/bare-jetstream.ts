import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  type JetStreamClient,
  jetstreamManager,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

export interface BareJetStream {
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Handles all that matches, 256 at a time, and acknowledges it. */
  readonly consume: (consumer: BareConsumer, handle: (message: JsMsg) => Promise<unknown>) => Promise<void>;
}

interface BareConsumer {
  readonly stream: string;
  readonly name: string;
  readonly filters: string[];
}

const IN_FLIGHT = 256;

/** JetStream as its client offers it. */
export async function bareJetStream(servers: string): Promise<BareJetStream> {
  const connection = await connect({ servers, noAsyncTraces: true });
  const js = jetstream(connection);
  const manager = await jetstreamManager(connection);
  return {
    js,
    manager,
    consume: async ({ stream, name, filters }, handle) => {
      await manager.consumers.add(stream, {
        durable_name: name,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        filter_subjects: filters,
      });
      const consumer = await js.consumers.get(stream, name);
      const callback = (message: JsMsg) => void handle(message).then(() => message.ack());
      await consumer.consume({ max_messages: IN_FLIGHT, callback });
    },
  };
}
