import { z } from "zod";
import { Recipient } from "./events.ts";
import { keyToken } from "./ids.ts";

/** A route from a session to the people it asks, as the `sessions` bucket keeps it (JSON). */
export const Session = z.looseObject({
  session_id: z.string(),
  client_id: z.string(),
  recipients: z.array(Recipient),
  /** A deactivated session refuses new requests; open ones stay answerable. */
  active: z.boolean(),
  created_at: z.string(),
});
export type Session = z.infer<typeof Session>;

/** The key of a session in its bucket. */
export const sessionKey = (tenant: string, sessionId: string): string => keyToken(tenant, sessionId);
