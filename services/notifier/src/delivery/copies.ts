import { keyToken, type CreatedEvent, refOf, type RequestRef, tagOf } from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import type { Copy } from "@loopgate/domain";
import type { Channel, RequestLog } from "@loopgate/requests";
import { type Logger, requestFields } from "@loopgate/runtime";
import { z } from "zod";
import type { NotifierMetrics } from "../notifier-metrics.ts";

/** The question that a copy shows, as JSON in the `copies` bucket: typed answers are matched by it. */
const ShownQuestion = z.looseObject({ tenant: z.string(), request_id: z.string(), tag: z.string() });

/** A question, and the tag of the `created` that a copy shows. */
export type TaggedRef = RequestRef & { readonly tag: string };

interface CopiesOptions {
  readonly channel: Channel;
  readonly requests: RequestLog;
  /** The `copies` bucket. */
  readonly bucket: Bucket;
  readonly logger: Logger;
  readonly metrics: NotifierMetrics;
}

/** The messages that show questions. */
export class Copies {
  readonly #channel: Channel;
  readonly #requests: RequestLog;
  readonly #bucket: Bucket;
  readonly #logger: Logger;
  readonly #metrics: NotifierMetrics;

  constructor({ channel, requests, bucket, logger, metrics }: CopiesOptions) {
    this.#channel = channel;
    this.#requests = requests;
    this.#bucket = bucket;
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** Records a copy that was sent: first for typed answers, then in the log. Once the log has it, it is not sent again. */
  async record(created: CreatedEvent, copy: Copy): Promise<void> {
    const { tenant, id: request_id } = refOf(created);
    await this.#bucket.create(this.#keyOf(copy), JSON.stringify({ tenant, request_id, tag: tagOf(created) }));
    await this.#requests.recordDelivered(created, copy);
    this.#logger.info({ ...requestFields(created), ...copy }, "delivered");
    this.#metrics.deliveries.inc();
  }

  /** The question that a recorded copy shows. */
  async questionShownBy(copy: Copy): Promise<TaggedRef | undefined> {
    const found = await this.#bucket.get(this.#keyOf(copy));
    if (found === undefined) return undefined;
    const { tenant, request_id: id, tag } = ShownQuestion.parse(JSON.parse(found.value));
    return { tenant, id, tag };
  }

  #keyOf({ endpoint, copy }: Copy): string {
    return keyToken(this.#channel.placeOf(endpoint), copy);
  }
}
