import { dockerAnswers } from "./container.ts";
import type { EngineSource } from "./engine.ts";
import { findBinary } from "./start-engine.ts";
import { mongoSource } from "./mongo-server.ts";
import { natsSource } from "./nats-server.ts";

/**
 * True if NATS and MongoDB can both be had as servers of our own, which tests may kill. Otherwise it says why not.
 * @throws Error in one line that says what to do, when one is not to be had in CI.
 */
export async function haveOwnEngines(): Promise<boolean> {
  const given = ["NATS_URL", "MONGODB_URI"].filter((name) => (process.env[name] ?? "") !== "");
  if (given.length > 0) {
    console.warn(
      `SKIPPED: the distributed topology, because ${given.join(" and ")} name servers that are not ours to kill`,
    );
    return false;
  }
  return (await isThere(natsSource)) && (await isThere(mongoSource));
}

const isThere = async (source: EngineSource): Promise<boolean> =>
  (await dockerAnswers()) || (await findBinary(source)) !== undefined;
