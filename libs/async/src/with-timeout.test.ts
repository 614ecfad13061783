import { expect, it } from "vitest";
import { withTimeout } from "./with-timeout.ts";

const never = new Promise<never>(() => undefined);

it("settles like the promise", async () => {
  await expect(withTimeout(Promise.resolve("value"), 1_000, () => "late")).resolves.toBe("value");
  await expect(withTimeout(Promise.reject(new Error("no")), 1_000, () => "late")).rejects.toThrow("no");
});

it("returns or throws what `onTimeout` does after the timeout", async () => {
  await expect(withTimeout(never, 1, () => "late")).resolves.toBe("late");
  await expect(
    withTimeout(never, 1, () => {
      throw new Error("too slow");
    }),
  ).rejects.toThrow("too slow");
});

it("ignores a rejection after the timeout", async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  expect(await withTimeout(promise, 1, () => "late")).toBe("late");
  reject(new Error("rejected after the timeout"));
  await new Promise((resolve) => setImmediate(resolve));
});
