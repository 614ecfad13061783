import { expect, it } from "vitest";
import { examine } from "./examine.ts";
import { ok } from "./finding.ts";

it("one check that hangs and one that fails are problems of their own, and no text of an error is shown", async () => {
  const results = await examine([
    { subject: "hangs", deadlineMs: 1, silence: "no answer: wait", look: () => new Promise(() => undefined) },
    { subject: "fails", look: () => Promise.reject(new TypeError("secret")) },
    { subject: "works", look: async () => [ok("fine")] },
  ]);
  expect(results).toEqual([
    { subject: "hangs", level: "problem", message: "no answer: wait" },
    { subject: "fails", level: "problem", message: expect.stringContaining("(TypeError)") },
    { subject: "works", level: "ok", message: "fine" },
  ]);
  expect(JSON.stringify(results)).not.toContain("secret");
});
