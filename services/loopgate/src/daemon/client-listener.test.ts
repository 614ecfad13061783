import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { ClientListener } from "./client-listener.ts";
import { connectToDaemon } from "../stdio-proxy/daemon-socket.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";

it.each([
  ["front", "restarts"],
  ["doctor", "continues"],
] as const)("after a connection of a %s the time without clients %s", async (as, effect) => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const directory = await mkdtemp(join(tmpdir(), "loopgate-listener-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  using listener = ClientListener.open(directory);
  listener.handle(({ stream }) => stream.end());
  vi.advanceTimersByTime(3_600_000);

  const client = await connectToDaemon(directory);
  client?.write(`${JSON.stringify(handshakeOf({}, as))}\n`);
  client?.resume();
  await once(client!, "close");

  const unusedAMomentLater = () => {
    vi.advanceTimersByTime(1);
    return listener.unusedForMs;
  };
  await expect.poll(unusedAMomentLater).toBeGreaterThan(0);
  expect(listener.unusedForMs >= 3_600_000).toBe(effect === "continues");
});

it.each(["x", "", "\u{FEFF}1.0.0", "99", "99.0", "99.0.0 or so", "9e9.0.0", "٩٩.٠.٠", "9".repeat(20_000)])(
  "a handshake that names no version reaches no handler, so that it takes no daemon's place: %j",
  async (version) => {
    const directory = await mkdtemp(join(tmpdir(), "loopgate-listener-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    using listener = ClientListener.open(directory);
    const handled: string[] = [];
    listener.handle(({ handshake, stream }) => {
      handled.push(handshake.version);
      stream.end();
    });
    for (const one of [version, "99.0.0", "99.0.0-rc.1"]) {
      const client = await connectToDaemon(directory);
      client?.write(`${JSON.stringify({ ...handshakeOf({}, "front"), version: one })}\n`);
      client?.resume();
      await once(client!, "close");
    }
    expect(handled).toEqual(["99.0.0", "99.0.0-rc.1"]);
  },
);
