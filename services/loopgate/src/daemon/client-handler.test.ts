import { expect, it } from "vitest";
import type { Handshake } from "../stdio-proxy/handshake.ts";
import { decideClient, refusingHandler } from "./client-handler.ts";

const handshake = (more: Partial<Handshake> = {}): Handshake => ({
  loopgate: 1,
  as: "front",
  version: "1.9.0",
  identity: "a",
  recipients: {},
  again: false,
  ...more,
});
const [daemon, serve] = [handshake(), handshake({ as: "serve" })];
const refused = { refused: expect.any(String) };

it.each([
  ["the same settings", {}, "accept", "accept"],
  ["an older version", { version: "1.8.12" }, "accept", "accept"],
  ["a newer version", { version: "1.10.0" }, "hand_over", "accept"],
  ["another token", { identity: "b" }, "hand_over", refused],
  ["another token that had a daemon before", { identity: "b", again: true }, "accept", "accept"],
  ["a newer version that had a daemon before", { version: "1.10.0", again: true }, "hand_over", "accept"],
  ["a foreground process", { as: "serve" as const }, "hand_over", refused],
  ["an older foreground process", { as: "serve" as const, version: "1.0.0" }, "hand_over", refused],
])(
  "a client with %s is accepted or refused, or the daemon hands over to it",
  (_, client, byDaemon, byServe) => {
    expect([decideClient(handshake(client), daemon), decideClient(handshake(client), serve)]).toEqual([
      byDaemon,
      byServe,
    ]);
  },
);

it("a daemon that can't start has reported the reason once a stdio proxy got it, not when a doctor did", () => {
  const reported: string[] = [];
  const replies: unknown[] = [];
  for (const as of ["doctor", "front"] as const) {
    const handle = refusingHandler(daemon, "no token", () => reported.push(as));
    const stream = { lines: noLines(), write: () => undefined, end: () => undefined };
    handle({ handshake: handshake({ as }), stream, reply: (message) => replies.push(message) });
  }
  expect(replies).toEqual([{ refused: "no token" }, { refused: "no token" }]);
  expect(reported).toEqual(["front"]);
});

async function* noLines(): AsyncGenerator<string> {}
