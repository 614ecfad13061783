import { z } from "zod";
import { text } from "../arguments.ts";
import type { Recipient } from "../events.ts";

/** Where to ask and who may answer there, as {@link RecipientFormat} takes them apart. */
export interface NamedRecipient {
  /** In the channel's notation. */
  readonly address: string;
  /** The ids of those who may answer, if several people read there. */
  readonly responderIds: readonly string[];
}

/** How `/v1/sessions` writes the recipients of one channel. */
export interface RecipientFormat {
  /** What callers send and get: an object with the literal member `channel`. */
  readonly schema: z.ZodObject<{ readonly channel: z.ZodLiteral<string> }>;
  /** Takes apart what the schema accepted. */
  read(written: unknown): NamedRecipient;
  /** What callers get for a recipient; undefined for one of another channel. */
  write(recipient: Recipient): { readonly channel: string } | undefined;
}

/** The schemas of `/v1/sessions`, with the formats of the channels that this process has. */
export function sessionSchemas(formats: readonly [RecipientFormat, ...RecipientFormat[]]) {
  const [first, ...others] = formats.map(({ schema }) => schema);
  if (first === undefined) throw new TypeError("no format");
  const recipient = z.discriminatedUnion("channel", [first, ...others]);
  const client_id = text(128).describe("The client that the session belongs to: a label.");
  return {
    /** Members that are not known are refused: they could name another place or other people. */
    body: z.strictObject({
      client_id,
      recipients: z
        .array(recipient, "must be a list")
        .min(1, "must have 1 to 20 entries")
        .max(20, "must have 1 to 20 entries"),
    }),
    resource: z
      .object({
        session_id: z.string(),
        client_id: z.string(),
        recipients: z.array(recipient),
        active: z.boolean().describe("An inactive session refuses new requests; open ones stay answerable."),
        created_at: z.string(),
      })
      .meta({ id: "Session" }),
  };
}

/** The path of one session. */
export const SessionPath = z.object({ session_id: text(128) });
