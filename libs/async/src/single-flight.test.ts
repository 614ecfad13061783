import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { singleFlight } from "./single-flight.ts";

it("never returns the result of a call that started before the caller asked", async () => {
  const answers = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  let asked = 0;
  const ask = singleFlight(0, () => answers[asked++]!.promise);

  const first = ask();
  await expect.poll(() => asked).toBe(1);
  const [second, third] = [ask(), ask()];
  answers[0]!.resolve("before");
  answers[1]!.resolve("after");

  expect(await Promise.all([first, second, third])).toEqual(["before", "after", "after"]);
  expect(asked).toBe(2);
});

it("calls at most once per interval, however often it is asked, and again after a failure", async () => {
  const asked: number[] = [];
  const ask = singleFlight(20, async () => {
    asked.push(performance.now());
    if (asked.length === 1) throw new Error("away");
  });
  await expect(ask()).rejects.toThrow("away");
  const answers = new Set<Promise<void>>();
  while (asked.length < 6) {
    answers.add(ask());
    await turn();
  }
  await Promise.all(answers);
  const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(Math.min(...pauses)).toBeGreaterThan(18);
});
