import { RequestLog } from "@loopgate/requests";
import { connectNatsBus, type NatsBus } from "@loopgate/bus/nats";

export const RETENTION_MS = 90 * 86_400_000;

/** A bus of the benchmark's own, beside those of the services. */
export async function connectBenchBus(
  servers: string,
): Promise<{ readonly bus: NatsBus; readonly requests: RequestLog } & AsyncDisposable> {
  const bus = await connectNatsBus({ servers, name: "bench", retentionMs: RETENTION_MS });
  const requests = new RequestLog({ log: bus.log, retentionMs: RETENTION_MS });
  return { bus, requests, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
}
