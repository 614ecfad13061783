import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lockDirectory, lockTurn } from "../data-directory.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";
import { claimByHandOver, claimUnlessServed } from "./acquire-directory.ts";
import { ClientListener } from "./client-listener.ts";

it("a foreground that waits for a directory is the next that has it, however many daemons wait longer", async () => {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-claim-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const ending = lockDirectory(directory);
  const daemons = Array.from({ length: 5 }, () => claimUnlessServed(directory));
  const foreground = claimByHandOver(directory, handshakeOf({}, "serve"));
  const isFree = () => {
    using turn = lockTurn(directory);
    return turn !== undefined;
  };
  await expect.poll(isFree).toBe(false);
  ending?.[Symbol.dispose]();

  using _claimed = await foreground;
  using _listener = ClientListener.open(directory);
  expect(await Promise.all(daemons)).toEqual(Array.from(daemons, () => undefined));
  expect(isFree()).toBe(true);
});
