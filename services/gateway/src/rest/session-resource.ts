import {
  Problem,
  type RecipientFormat,
  type Session,
  SessionPath,
  sessionSchemas,
} from "@loopgate/contracts";
import type { RecipientPolicy } from "@loopgate/domain";
import { keyCallerOf, sendProblem, type V1 } from "@loopgate/rest";
import { z } from "zod";
import type { SessionCalls } from "../sessions/session-calls.ts";
import type { RegisteredRecipient } from "../sessions/session-registry.ts";

/** A channel whose recipients callers may register. */
export interface SessionChannel {
  readonly format: RecipientFormat;
  readonly policy: RecipientPolicy;
}

const config = { access: ["admin"] } as const;

/** `/v1/sessions/{session_id}`: whom a session asks (docs/interface.md#sessions-and-recipients). */
export function addSessionResource(
  v1: V1,
  sessions: SessionCalls,
  channels: readonly [SessionChannel, ...SessionChannel[]],
): void {
  const [first, ...others] = channels;
  const { body, resource } = sessionSchemas([first.format, ...others.map(({ format }) => format)]);

  v1.get(
    "/sessions/:session_id",
    {
      config,
      schema: {
        operationId: "getSession",
        summary: "A session that was registered",
        params: SessionPath,
        response: { 200: resource, default: Problem },
      },
    },
    async (request, reply) => {
      const found = await sessions.get(keyCallerOf(request), request.params.session_id);
      if (found.kind === "error") return sendProblem(reply, found.error, "parameters");
      return reply.send(written(found.session, channels));
    },
  );

  v1.put(
    "/sessions/:session_id",
    {
      config,
      schema: {
        operationId: "putSession",
        summary: "Registers a session, or makes one active again that was registered with the same values",
        params: SessionPath,
        body,
        response: { 200: resource, 201: resource, default: Problem },
      },
    },
    async (request, reply) => {
      const { client_id: clientId, recipients } = request.body;
      const named = recipients.map((one, index) => readRecipient(one, index, channels));
      const { session_id } = request.params;
      const registered = await sessions.register(request, session_id, { clientId, recipients: named });
      if (registered.kind === "error") return sendProblem(reply, registered.error);
      const { session, isNew } = registered;
      return reply.code(isNew ? 201 : 200).send(written(session, channels));
    },
  );

  v1.delete(
    "/sessions/:session_id",
    {
      config,
      schema: {
        operationId: "deleteSession",
        summary: "Deactivates a session: it refuses new requests; open ones stay answerable",
        params: SessionPath,
        response: { 204: z.null().describe("Deactivated"), default: Problem },
      },
    },
    async (request, reply) => {
      const outcome = await sessions.deactivate(keyCallerOf(request), request.params.session_id);
      if (outcome.kind === "error") return sendProblem(reply, outcome.error, "parameters");
      return reply.code(204).send(null);
    },
  );
}

function readRecipient(
  recipient: { readonly channel: string },
  index: number,
  channels: readonly SessionChannel[],
): RegisteredRecipient {
  const channel = channels.find(({ format }) => format.schema.shape.channel.value === recipient.channel);
  if (channel === undefined) throw new TypeError("the schema accepted a channel that has no format");
  const place = ["recipients", index];
  const at = { place, responders: [...place, "responders"] };
  return { ...channel.format.read(recipient), policy: channel.policy, at };
}

/** Recipients of channels that this process does not have are left out. */
const written = (
  { session_id, client_id, recipients, active, created_at }: Session,
  channels: readonly SessionChannel[],
) => ({
  session_id,
  client_id,
  recipients: recipients.flatMap(
    (recipient) =>
      channels.map(({ format }) => format.write(recipient)).find((one) => one !== undefined) ?? [],
  ),
  active,
  created_at,
});
