import { expect, it } from "vitest";
import { ok, runChecks } from "./check.ts";

it("a check that times out and one that fails are problems of their own, and no error message is shown", async () => {
  const results = await runChecks([
    {
      subject: "hangs",
      timeoutMs: 1,
      timeoutMessage: "no answer: wait",
      run: () => new Promise(() => undefined),
    },
    { subject: "fails", run: () => Promise.reject(new TypeError("secret")) },
    { subject: "works", run: async () => [ok("fine")] },
  ]);
  expect(results).toEqual([
    { subject: "hangs", level: "problem", message: "no answer: wait" },
    { subject: "fails", level: "problem", message: expect.stringContaining("(TypeError)") },
    { subject: "works", level: "ok", message: "fine" },
  ]);
  expect(JSON.stringify(results)).not.toContain("secret");
});
