import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lockDirectory, lockQueue } from "../data-directory.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";
import { acquireFromDaemon, acquireUnlessServed } from "./acquire-directory.ts";
import { ClientListener } from "./client-listener.ts";

it("a foreground process that waits for a directory gets it before daemons that have waited longer", async () => {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-acquire-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const ending = lockDirectory(directory);
  const daemons = Array.from({ length: 5 }, () => acquireUnlessServed(directory));
  const foreground = acquireFromDaemon(directory, handshakeOf({}, "serve"));
  const isQueueFree = () => {
    using queue = lockQueue(directory);
    return queue !== undefined;
  };
  await expect.poll(isQueueFree).toBe(false);
  ending?.[Symbol.dispose]();

  using _lock = await foreground;
  using _listener = ClientListener.open(directory);
  expect(await Promise.all(daemons)).toEqual(Array.from(daemons, () => undefined));
  expect(isQueueFree()).toBe(true);
});
