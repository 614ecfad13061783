import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { ClientListener } from "./client-listener.ts";
import { connectToDaemon } from "../stdio-proxy/daemon-socket.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";

it.each([
  ["front", "begins anew"],
  ["doctor", "goes on"],
] as const)("after the visit of a %s the time without fronts %s", async (as, effect) => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const directory = await mkdtemp(join(tmpdir(), "loopgate-front-listener-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  using listener = ClientListener.open(directory);
  listener.receive(({ stream }) => stream.end());
  vi.advanceTimersByTime(3_600_000);

  const client = await connectToDaemon(directory);
  client?.write(`${JSON.stringify(handshakeOf({}, as))}\n`);
  client?.resume();
  await once(client!, "close");

  const emptyAMomentLater = () => {
    vi.advanceTimersByTime(1);
    return listener.emptyForMs;
  };
  await expect.poll(emptyAMomentLater).toBeGreaterThan(0);
  expect(listener.emptyForMs >= 3_600_000).toBe(effect === "goes on");
});
