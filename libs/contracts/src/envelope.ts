import { z } from "zod";

/**
 * CloudEvents 1.0 in structured JSON. `id` is also the `Nats-Msg-Id`; it contains the identity of its subject, because
 * the broker compares ids over a whole stream. Unknown members are kept and ignored.
 */
export const Envelope = z.looseObject({
  specversion: z.literal("1.0"),
  id: z.string().min(1).max(256),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string(),
  time: z.iso.datetime(),
  tenant: z.string(),
  traceparent: z.string().optional(),
  data: z.looseObject({}),
});
export type Envelope = z.infer<typeof Envelope>;

/** A time in the format of every interface: RFC 3339 UTC with milliseconds. */
export const timestamp = (at: Date | number = Date.now()): string => new Date(at).toISOString();
