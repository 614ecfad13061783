import { type Session } from "@loopgate/contracts";
import { isGroupChat, isServiceAccount, parseTelegramEndpoint } from "@loopgate/settings/telegram";
import { Unavailable } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { isLoopback } from "../config/loopback.ts";
import { parseArguments, text } from "../requests/arguments.ts";
import { refused, type Refused } from "../tool-error.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import { bodyAs } from "../mcp/body-as.ts";
import { sendRefusal } from "../http/errors.ts";

/** Sessions as the first Loopgate's HTTP interface has them (design 4.4). */
export function addSessionRoutes(app: FastifyInstance, sessions: SessionRegistry, logger: Logger): void {
  app.post("/hitl/register", async (request, reply) => {
    const body = bodyAs(request, Registered);
    if (body.kind === "refused") return sendRefusal(reply, body.refusal);
    if (sessions.isOpen && !mayRegisterAnyChat(request)) return sendRefusal(reply, closedToNetwork().refusal);
    const { session_id: sessionId, client_id: clientId, telegram_id: chat, responder_ids } = body.value;
    return whileAvailable(reply, async () => {
      const outcome = await sessions.register({
        sessionId,
        clientId,
        chat,
        responderIds: responder_ids ?? [],
      });
      const ended = outcome.kind === "refused" ? outcome.refusal.code : outcome.kind;
      logger.info({ key: request.apiKey?.id, client: clientId, outcome: ended }, "register");
      if (outcome.kind === "refused") return sendRefusal(reply, outcome.refusal);
      return reply.send({ success: true, session_id: sessionId, message: "Session registered successfully" });
    });
  });

  app.get("/hitl/status", async (request, reply) => {
    const query = parseArguments(SessionNamed, request.query);
    if (query.kind === "refused") return sendRefusal(reply, query.refusal);
    return whileAvailable(reply, async () => {
      const session = await sessions.get(query.value.session_id);
      return session === undefined ? sendRefusal(reply, noSession().refusal) : reply.send(statusOf(session));
    });
  });

  app.post("/hitl/deactivate", async (request, reply) => {
    const body = bodyAs(request, SessionNamed);
    if (body.kind === "refused") return sendRefusal(reply, body.refusal);
    return whileAvailable(reply, async () => {
      const isKnown = await sessions.deactivate(body.value.session_id);
      const outcome = isKnown ? "deactivated" : "not_found";
      logger.info({ key: request.apiKey?.id, outcome }, "deactivate");
      if (!isKnown) return sendRefusal(reply, noSession().refusal);
      return reply.send({ success: true, message: "Session deactivated successfully" });
    });
  });
}

async function whileAvailable(reply: FastifyReply, work: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unavailable) return sendRefusal(reply, outOfReach().refusal);
    throw error;
  }
}

function statusOf({ session_id, client_id, recipients, active, created_at }: Session) {
  const place = parseTelegramEndpoint(recipients[0]?.endpoint ?? "");
  return {
    id: session_id,
    client_id,
    telegram_id: place === undefined ? null : Number(place.chat),
    active,
    created_at,
  };
}

/** Where nobody named the chats, any can be registered by those on this machine, and where keys are needed by an admin. */
function mayRegisterAnyChat({ ip, apiKey }: FastifyRequest): boolean {
  return apiKey?.scopes.includes("admin") === true || isLoopback(ip.replace(/^::ffff:/, ""));
}

const noSession = (): Refused =>
  refused("not_found", "No session has this id. POST /hitl/register registers it.");

const closedToNetwork = (): Refused =>
  refused(
    "recipient_not_allowed",
    "Chats can be registered over the network only if they are named, or with a key. Its operator sets TELEGRAM_ALLOWED_CHATS or LOOPGATE_API_KEYS_FILE.",
  );

const outOfReach = (): Refused =>
  refused("unavailable", "Loopgate's session store does not answer now. Call again in a few seconds.");

const TelegramId = z
  .union([z.int(), z.string().regex(/^-?\d{1,20}$/)], "must be a Telegram id: a whole number, not 0")
  .transform(String)
  .refine((id) => /[1-9]/.test(id), "must be a Telegram id: a whole number, not 0");

const Registered = z.object(
  {
    session_id: text(128),
    client_id: text(128),
    telegram_id: TelegramId,
    responder_ids: z
      .array(
        TelegramId.refine((id) => !isGroupChat(id), "must be the id of a person").refine(
          (id) => !isServiceAccount(id),
          "is an account of Telegram that many speak through: name people",
        ),
        "must be a list",
      )
      .max(100, "must have at most 100 entries")
      .optional(),
  },
  "must be an object",
);

const SessionNamed = z.object({ session_id: text(128) }, "must be an object");
