import { eventKey, requestSubject } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { startNatsServer } from "@loopgate/testing";
import { afterAll, describe, expect, it } from "vitest";
import { bootstrapNats, connectNatsBus } from "../src/nats/index.ts";
import { anEvent, aRequest } from "./contract/support/events.ts";
import { purge } from "./contract/support/purge.ts";
import { busOptions, type BusUnderTest, eventually } from "./contract/support/bus-under-test.ts";
import { capacityContract, SMALL_LOG_BYTES } from "./contract/capacity.contract.ts";

const server = await startNatsServer();
const isOurs = server?.isOurs === true;
const options = {
  ...busOptions,
  servers: server?.url ?? "",
  name: "room",
  retentionMs: 86_400_000,
  maxBytes: SMALL_LOG_BYTES,
};
afterAll(() => server?.[Symbol.asyncDispose]());

async function requestsStream<Result>(
  work: (jsm: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<Result>,
): Promise<Result> {
  const connection = await connect({ servers: options.servers });
  try {
    return await work(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

/** Opens a bus on an emptied log. */
async function open(): Promise<BusUnderTest> {
  await bootstrapNats(options);
  await purge(options);
  const bus = await connectNatsBus(options);
  const reopen = async () => Promise.reject(new Error("not needed here"));
  return { ...bus, reopen, close: async () => bus[Symbol.asyncDispose](), dropEvents: () => purge(options) };
}

describe.skipIf(!isOurs)("over NATS", () => {
  capacityContract(open);

  it("accepts questions again once the operator enlarges the log", async () => {
    const bus = await open();
    const ask = () => {
      const ref = aRequest();
      const event = anEvent(ref, { data: { text: "x".repeat(100_000) } });
      return bus.log.append(requestSubject(ref, eventKey.created), event, {
        first: true,
        reserveHeadroom: true,
      });
    };
    const result = async () => (await ask().catch(() => ({ kind: "refused" }))).kind;
    await expect.poll(result, eventually).toBe("refused");

    await requestsStream((jsm) =>
      jsm.streams.update("LOOPGATE_REQUESTS", { max_bytes: 2 * SMALL_LOG_BYTES }),
    );

    await expect.poll(result, eventually).toBe("stored");
    await bus.close();
  });
});
