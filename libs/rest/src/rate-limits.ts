import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { callerOf } from "./route-access.ts";

/** Calls a minute by one caller, on each process (docs/interface.md#rest). */
const CALLS_PER_MINUTE = { key: 600, person: 300 } as const;

/** Limits callers that have a name. Users of this machine without keys share one name, so they have no limit. */
export async function limitRates(scope: FastifyInstance): Promise<void> {
  await scope.register(rateLimit, {
    timeWindow: 60_000,
    max: (request) => CALLS_PER_MINUTE[callerOf(request).kind],
    keyGenerator: ({ caller }) => `${caller?.kind}:${caller?.tenant}:${caller?.id}`,
    allowList: isUnlimited,
    errorResponseBuilder: () => new RateExceeded(),
  });
}

const isUnlimited = ({ caller }: FastifyRequest): boolean =>
  caller === null || (caller.kind === "key" && caller.keyId === undefined);

/** A caller made more calls than it may. */
export class RateExceeded extends Error {
  override readonly name = "RateExceeded";
  override readonly message = "rate exceeded";
  readonly code = "RATE_EXCEEDED";
  readonly statusCode = 429;
}
