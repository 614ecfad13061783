import { Unavailable } from "@loopgate/bus";
import { explainTaken, type Logger } from "@loopgate/runtime";
import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { z } from "zod";
import type { UpdateStore } from "./update-store.ts";
import type { WebhookSecret } from "./webhook-secret.ts";

export interface WebhookOptions {
  /** The address that Telegram delivers to. It must reach `port` of any replica. */
  readonly url: string;
  /** Telegram sends it with each update. A sender who knows it can answer as any person. */
  readonly secret: string;
  /** The file that the secret comes from, if it comes from one. */
  readonly secretFile?: string | undefined;
  readonly port: number;
  /** How often Telegram is asked whether the webhook is still this one, in milliseconds. Default 30 000. */
  readonly lookEveryMs?: number;
}

/** A webhook whose secret may change. */
export interface Webhook extends Omit<WebhookOptions, "secret" | "secretFile"> {
  readonly secret: WebhookSecret;
}

interface WebhookServerOptions {
  readonly webhook: Webhook;
  readonly updates: UpdateStore;
  readonly logger: Logger;
}

/** Twice the size of the largest update that Telegram's own limits allow. */
const MAX_BODY_BYTES = 1_024 * 1_024;

/** How long Telegram may take to send an update, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Overrides Telegram's growing back-off, because Telegram drops a press after 150 s. */
const RETRY_AFTER_SECONDS = "2";

const Update = z.looseObject({ update_id: z.int().nonnegative() });

/**
 * Accepts updates from Telegram on any path: 200 once an update is in the log, 503 while it can't be stored now, 401
 * without the secret. What can never be read or stored is set aside and answered 200, or Telegram would repeat it and hold
 * back the updates behind it. Disposing it finishes the requests in progress.
 * @throws StartupError for a port in use.
 */
export async function startWebhookServer({
  webhook,
  updates,
  logger,
}: WebhookServerOptions): Promise<AsyncDisposable> {
  const { port, secret } = webhook;
  const app = fastify({ bodyLimit: MAX_BODY_BYTES, requestTimeout: REQUEST_TIMEOUT_MS });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, async (_request: unknown, body: string) => body);
  addSecretCheck(app, secret);
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    if (error.code !== TOO_LARGE) return refuse(error, reply, logger);
    try {
      await updates.setUnreadAside(lengthOf(request));
      // The connection goes on, and what is left of the body is dropped: Telegram must get this response.
      return await reply.removeHeader("connection").code(200).send();
    } catch (failure) {
      return refuse(failure, reply, logger);
    }
  });
  app.post("/*", async (request, reply) => {
    await store(updates, typeof request.body === "string" ? request.body : "");
    return reply.code(200).send();
  });
  const stop = closesConnections(app);
  await app.listen({ host: "0.0.0.0", port }).catch(explainTaken("TELEGRAM_WEBHOOK_PORT", port));
  return { [Symbol.asyncDispose]: stop };
}

const TOO_LARGE = "FST_ERR_CTP_BODY_TOO_LARGE";

function lengthOf({ headers }: FastifyRequest): number | undefined {
  const length = Number(headers["content-length"]);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** Answers what may be delivered again: 4xx for what is no HTTP request of Telegram's, otherwise 503. */
function refuse(error: unknown, reply: FastifyReply, logger: Logger): FastifyReply {
  const status = statusOf(error);
  if (status !== undefined && status < 500) return reply.code(status).send();
  if (!(error instanceof Unavailable)) logger.error({ err: error }, "an update could not be accepted");
  const message = "the update could not be stored yet: deliver it again";
  return reply.code(503).header("retry-after", RETRY_AFTER_SECONDS).send({ error: { message } });
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;

async function store(updates: UpdateStore, body: string): Promise<void> {
  const update = Update.safeParse(parsed(body)).data;
  await (update === undefined ? updates.storeUnreadable(body) : updates.store(update));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Before the body is read. */
function addSecretCheck(app: FastifyInstance, secret: WebhookSecret): void {
  app.addHook("onRequest", async (request, reply) => {
    const received = String(request.headers["x-telegram-bot-api-secret-token"] ?? "");
    if (!secret.accepts(received)) return reply.code(401).send();
    // The body is read as text, whatever the header says: an invalid one would be answered 415, and the update repeated.
    request.raw.headers["content-type"] = "text/plain";
  });
}

/** Telegram keeps its connections open, and a stop would wait for them after their last response. */
function closesConnections(app: FastifyInstance): () => Promise<void> {
  let isStopping = false;
  app.addHook("onSend", async (_request, reply) => {
    if (isStopping) reply.header("connection", "close");
  });
  return async () => {
    isStopping = true;
    await app.close();
  };
}
