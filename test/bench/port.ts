import { join } from "node:path";
import { newRequestId, timestamp } from "@loopgate/contracts";
import { openSqliteBus } from "@loopgate/bus/sqlite";
import { temporaryDirectory } from "../harness/loopgate.ts";

/** Durable appends a second at the log's port, first on their subjects, `inFlight` at a time. */
export async function measurePort(count: number, inFlight: number): Promise<number> {
  await using directory = await temporaryDirectory();
  const lifetimes = { sessions: undefined, copies: undefined, leases: undefined };
  await using bus = await openSqliteBus({
    path: join(directory.path, "port.db"),
    lifetimes,
    retentionMs: 7_776_000_000,
  });
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const id = newRequestId();
      const event = {
        specversion: "1.0",
        id,
        source: "bench",
        type: "bench",
        subject: id,
        time: timestamp(),
        tenant: "default",
        data: { text: "x".repeat(500) },
      } as const;
      await bus.log.append(`loopgate.req.v1.default.${id}.created`, event, { first: true });
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return count / ((performance.now() - start) / 1_000);
}
