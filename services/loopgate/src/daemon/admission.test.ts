import { expect, it } from "vitest";
import type { Handshake } from "../stdio-proxy/handshake.ts";
import { admissionVerdict, refusalOf } from "./admission.ts";

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
  ["one like it", {}, "receive", "receive"],
  ["an older version", { version: "1.8.12" }, "receive", "receive"],
  ["a newer version", { version: "1.10.0" }, "hand_over", "receive"],
  ["another token", { identity: "b" }, "hand_over", refused],
  ["another token that had a daemon before", { identity: "b", again: true }, "receive", "receive"],
  ["a newer version that had a daemon before", { version: "1.10.0", again: true }, "hand_over", "receive"],
  ["a foreground", { as: "serve" as const }, "hand_over", refused],
  ["an older foreground", { as: "serve" as const, version: "1.0.0" }, "hand_over", refused],
])("%s is received, or takes over, or is refused", (_, client, byDaemon, byServe) => {
  expect([admissionVerdict(handshake(client), daemon), admissionVerdict(handshake(client), serve)]).toEqual([
    byDaemon,
    byServe,
  ]);
});

it("a daemon that can't start has told why once a front heard it, and not a doctor", () => {
  const told: string[] = [];
  const answers: unknown[] = [];
  for (const as of ["doctor", "front"] as const) {
    const host = refusalOf(daemon, "no token", () => told.push(as));
    const stream = { lines: noLines(), write: () => undefined, end: () => undefined };
    host({ handshake: handshake({ as }), stream, answer: (said) => answers.push(said) });
  }
  expect(answers).toEqual([{ refused: "no token" }, { refused: "no token" }]);
  expect(told).toEqual(["front"]);
});

async function* noLines(): AsyncGenerator<string> {}
