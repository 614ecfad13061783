import { type Session, text } from "@loopgate/contracts";
import {
  addressOfPlace,
  isGroupChat,
  isServiceAccount,
  parseTelegramEndpoint,
} from "@loopgate/settings/telegram";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { keyCallerOf } from "@loopgate/rest";
import { sendError } from "../http/errors.ts";
import { parseArguments } from "@loopgate/rest/arguments";
import type { SessionCalls } from "../sessions/session-calls.ts";
import { bodyAs } from "./json-body.ts";

const config = { access: ["admin"] } as const;

/** Sessions in the HTTP interface of the original Loopgate (docs/interface.md#sessions-and-recipients). */
export function addSessionRoutes(app: FastifyInstance, sessions: SessionCalls): void {
  app.post("/hitl/register", { config }, async (request, reply) => {
    const body = bodyAs(request, Registered);
    if (body.kind === "error") return sendError(reply, body.error);
    const { session_id, client_id: clientId, responder_ids: responderIds = [] } = body.value;
    const at = { place: ["recipient"], responders: ["responder_ids"] };
    const recipients = [{ address: addressIn(body.value), responderIds, at }];
    const outcome = await sessions.register(request, session_id, { clientId, recipients });
    if (outcome.kind === "error") return sendError(reply, outcome.error);
    return reply.send({ success: true, session_id, message: "Session registered successfully" });
  });

  app.get("/hitl/status", { config }, async (request, reply) => {
    const query = parseArguments(SessionNamed, request.query);
    if (query.kind === "error") return sendError(reply, query.error);
    const found = await sessions.get(keyCallerOf(request), query.value.session_id);
    return found.kind === "error" ? sendError(reply, found.error) : reply.send(statusOf(found.session));
  });

  app.post("/hitl/deactivate", { config }, async (request, reply) => {
    const body = bodyAs(request, SessionNamed);
    if (body.kind === "error") return sendError(reply, body.error);
    const outcome = await sessions.deactivate(keyCallerOf(request), body.value.session_id);
    if (outcome.kind === "error") return sendError(reply, outcome.error);
    return reply.send({ success: true, message: "Session deactivated successfully" });
  });
}

function statusOf({ session_id, client_id, recipients, active, created_at }: Session) {
  const place = parseTelegramEndpoint(recipients[0]?.endpoint ?? "");
  return {
    id: session_id,
    client_id,
    telegram_id: place === undefined ? null : Number(place.chat),
    ...(place?.thread === undefined ? {} : { thread_id: Number(place.thread) }),
    active,
    created_at,
  };
}

const TelegramId = z
  .union(
    [z.int(), z.string().regex(/^-?\d{1,20}$/, "must be a Telegram id: a whole number, not 0")],
    "must be a Telegram id: a whole number, not 0",
  )
  .transform(String)
  .refine((id) => /[1-9]/.test(id), "must be a Telegram id: a whole number, not 0");

const ThreadId = z
  .union([z.int(), z.string()], "must be the id of a topic: a whole number above 0")
  .transform(String)
  .refine((id) => /^[1-9]\d{0,9}$/.test(id), "must be the id of a topic: a whole number above 0");

/** A member that is not known could have named another place or other people: it is no registration. */
const Registered = z.strictObject(
  {
    session_id: text(128),
    client_id: text(128),
    telegram_id: TelegramId,
    /** A topic of that chat. */
    thread_id: ThreadId.optional(),
    responder_ids: z
      .array(
        TelegramId.refine((id) => !isGroupChat(id), "must be the id of a person").refine(
          (id) => !isServiceAccount(id),
          "is a service account of Telegram that many people share: name the people",
        ),
        "must be a list",
      )
      .max(100, "must have at most 100 entries")
      .optional(),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `has unknown members: ${issue.keys.join(", ")}`
        : "must be an object",
  },
);

const addressIn = ({ telegram_id: chat, thread_id: thread }: z.infer<typeof Registered>): string =>
  addressOfPlace({ chat, thread });

const SessionNamed = z.object({ session_id: text(128) }, "must be an object");
