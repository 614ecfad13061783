import { Problem, RequestPath, RequestResource, text } from "@loopgate/contracts";
import { personCallerOf, type PersonCaller, resourceOf, sendProblem, type V1 } from "@loopgate/rest";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Answers } from "./answers.ts";

/** How many answers one person may send in a minute. */
const DECISIONS_PER_MINUTE = 60;
/** The longest typed answer, as long as the longest question, in code points. */
const MAX_TEXT = 16_000;
const MAX_COMMENT = 2_000;

const config = { access: ["person"] } as const;

const Decision = z
  .object({
    option: z.string("must be a string").optional().describe("The value of the chosen option."),
    text: text(MAX_TEXT).optional().describe("The typed answer to a question without options."),
    comment: text(MAX_COMMENT).optional().describe("What the person says beside an option."),
    tag: z.string("is required").describe("The tag of the question that the person read."),
  })
  .refine(
    ({ option, text }) => (option === undefined) !== (text === undefined),
    "must have either an option or a text",
  );

const DecisionHeaders = z.looseObject({
  "idempotency-key": text(200).optional().describe("For retries of this one answer."),
});

/** The routes of `/v1` by which people answer, and say that they have opened a question. */
export function addDecisionRoutes(v1: V1, answers: Answers): void {
  v1.post(
    "/requests/:id/decision",
    {
      config: { ...config, rateLimit: { max: DECISIONS_PER_MINUTE } },
      schema: {
        operationId: "decideRequest",
        summary: "Answers a request, as the person who is signed in",
        params: RequestPath,
        headers: DecisionHeaders,
        body: Decision,
        response: { 200: RequestResource, default: Problem },
      },
    },
    async (request, reply) => {
      const person = personCallerOf(request);
      const { tag, comment, option, text = "" } = request.body;
      const choice = option === undefined ? { text } : { option };
      const key = request.headers["idempotency-key"];
      return sendOutcome(
        reply,
        await answers.record(request.params.id, { tag, choice, comment, key }, person),
        person,
      );
    },
  );

  v1.put(
    "/requests/:id/seen",
    {
      config,
      schema: {
        operationId: "markRequestSeen",
        summary: "Records that the person has opened the request; only the first time counts",
        params: RequestPath,
        response: { 204: z.null().describe("Recorded."), default: Problem },
      },
    },
    async (request: FastifyRequest<{ Params: z.infer<typeof RequestPath> }>, reply) => {
      const outcome = await answers.markSeen(request.params.id, personCallerOf(request));
      return outcome.kind === "error" ? sendProblem(reply, outcome.error) : reply.code(204).send(null);
    },
  );
}

function sendOutcome(
  reply: FastifyReply,
  outcome: Awaited<ReturnType<Answers["record"]>>,
  person: PersonCaller,
): FastifyReply {
  return outcome.kind === "error"
    ? sendProblem(reply, outcome.error)
    : reply.send(resourceOf(outcome.request, person));
}
