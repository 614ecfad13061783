import { type Session, text } from "@loopgate/contracts";
import {
  addressOfPlace,
  isGroupChat,
  isServiceAccount,
  parseTelegramEndpoint,
} from "@loopgate/settings/telegram";
import { LogFull, Unavailable } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { KeyCaller } from "@loopgate/rest";
import { keyCallerOf } from "@loopgate/rest";
import { isLoopback } from "@loopgate/settings";
import { sendError } from "../http/errors.ts";
import { parseArguments } from "@loopgate/rest/arguments";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import { logIsFull, apiError, type ApiFailure } from "@loopgate/rest";
import { bodyAs } from "./json-body.ts";

const config = { access: ["admin"] } as const;

/** Sessions in the HTTP interface of the original Loopgate (docs/interface.md#sessions-and-recipients). */
export function addSessionRoutes(app: FastifyInstance, sessions: SessionRegistry, logger: Logger): void {
  addRegisterRoute(app, sessions, logger);

  app.get("/hitl/status", { config }, async (request, reply) => {
    const query = parseArguments(SessionNamed, request.query);
    if (query.kind === "error") return sendError(reply, query.error);
    const { tenant } = keyCallerOf(request);
    return whileAvailable(reply, async () => {
      const session = await sessions.get({ tenant, id: query.value.session_id });
      return session === undefined ? sendError(reply, noSession().error) : reply.send(statusOf(session));
    });
  });

  app.post("/hitl/deactivate", { config }, async (request, reply) => {
    const body = bodyAs(request, SessionNamed);
    if (body.kind === "error") return sendError(reply, body.error);
    const { tenant, keyId } = keyCallerOf(request);
    return whileAvailable(reply, async () => {
      const isKnown = await sessions.deactivate({ tenant, id: body.value.session_id });
      const outcome = isKnown ? "deactivated" : "not_found";
      logger.info({ key: keyId, outcome }, "deactivate");
      if (!isKnown) return sendError(reply, noSession().error);
      return reply.send({ success: true, message: "Session deactivated successfully" });
    });
  });
}

function addRegisterRoute(app: FastifyInstance, sessions: SessionRegistry, logger: Logger): void {
  app.post("/hitl/register", { config }, async (request, reply) => {
    const body = bodyAs(request, Registered);
    if (body.kind === "error") return sendError(reply, body.error);
    const { tenant, keyId } = keyCallerOf(request);
    if (sessions.isOpen && !mayRegisterAnyone({ keyId }, request)) {
      return sendError(reply, closedToNetwork().error);
    }
    const { session_id: sessionId, client_id: clientId, responder_ids } = body.value;
    const address = addressIn(body.value);
    return whileAvailable(reply, async () => {
      const session = { tenant, id: sessionId };
      const responderIds = responder_ids ?? [];
      const outcome = await sessions.register(session, { clientId, address, responderIds });
      const ended = outcome.kind === "error" ? outcome.error.code : outcome.kind;
      logger.info({ key: keyId, client: clientId, outcome: ended }, "register");
      if (outcome.kind === "error") return sendError(reply, outcome.error);
      return reply.send({ success: true, session_id: sessionId, message: "Session registered successfully" });
    });
  });
}

async function whileAvailable(reply: FastifyReply, work: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LogFull) return sendError(reply, logIsFull().error);
    if (error instanceof Unavailable) return sendError(reply, storeUnavailable().error);
    throw error;
  }
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

/** If the settings allow every recipient, only a key or a call from this machine may register one. */
function mayRegisterAnyone({ keyId }: Pick<KeyCaller, "keyId">, { ip }: FastifyRequest): boolean {
  return keyId !== undefined || isLoopback(ip.replace(/^::ffff:/, ""));
}

const noSession = (): ApiFailure =>
  apiError("not_found", "No session has this id: POST /hitl/register registers it.");

const closedToNetwork = (): ApiFailure =>
  apiError(
    "recipient_not_allowed",
    "Callers from the network may only register chats that the settings name: the operator sets TELEGRAM_ALLOWED_CHATS, or LOOPGATE_API_KEYS_FILE so that callers can use a key.",
  );

const storeUnavailable = (): ApiFailure =>
  apiError("unavailable", "Loopgate's session store does not answer: call again in a few seconds.");

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
