import { setImmediate } from "node:timers/promises";
import { headers } from "@nats-io/transport-node";
import type { NatsParts } from "./nats-parts.ts";
import { NatsStartupError } from "./nats-unfit.ts";

/**
 * Tries the permission to publish to each subject, with what no stream stores and no call obeys: a stream takes nothing
 * that is meant for another one, and the payload filters what is not there. The server refuses before the round trip ends.
 * @param subjects with `*` and `>` for anything
 * @throws NatsStartupError that names all that this user may not publish to.
 */
export async function checkPermissions(
  { connection, watch }: Pick<NatsParts, "connection" | "watch">,
  subjects: readonly string[],
): Promise<void> {
  const harmless = headers();
  harmless.set("Nats-Expected-Stream", "none");
  const probeOf = (subject: string) => subject.replaceAll(/[*>]/g, "probe");
  for (const probe of subjects.map(probeOf)) {
    connection.publish(probe, JSON.stringify({ filter: probe }), { headers: harmless });
  }
  await connection.flush();
  await setImmediate();
  const refused = subjects.filter((subject) => watch.hasRefused(probeOf(subject)));
  if (refused.length === 0) return;
  throw new NatsStartupError(
    `NATS does not permit this user to publish to ${refused.join(", ")}: grant it ` +
      "(deploy/nats/users.conf names all that each service needs)",
  );
}
