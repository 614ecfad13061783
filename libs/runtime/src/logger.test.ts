import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createLogger, requestFields } from "./logger.ts";

/** What a logger writes about one error. */
function logged(err: unknown): { readonly text: string; readonly err: unknown } {
  let text = "";
  const sink = new Writable({ write: (chunk: Buffer, _, done) => ((text += chunk.toString()), done()) });
  createLogger("test", "info", sink).error({ err }, "failed");
  return { text, err: (JSON.parse(text) as { err: unknown }).err };
}

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

describe("an error in the log", () => {
  it("is its name, its code and the first line of its message", () => {
    const error = Object.assign(new RangeError("too far\nand more"), { code: "E_FAR" });
    expect(logged(error).err).toEqual({ name: "RangeError", message: "too far", code: "E_FAR" });
  });

  it("has neither stack nor cause nor other members, which contain URLs and texts", () => {
    const cause = new Error("secret cause");
    const error = Object.assign(new Error("failed", { cause }), { payload: "secret payload" });
    expect(logged(error).text).not.toMatch(/secret|logger\.test/);
  });

  it.each([
    ["a bot token", "https://host/bot7000000042:AAcanaryTokenOfTheTests_0123456789abcd/getMe"],
    ["an API key", `key lk_pub_${"0123456789abcdef".repeat(4)}`],
    ["credentials in a URL", "cannot reach nats://user:canary@host:4222"],
  ])("hides %s in its message", (_, message) => {
    expect(logged(new Error(message)).text).not.toMatch(/canary|0123456789abcdef/);
  });

  it("names what is wrong with a value, but not the value", () => {
    const { error } = z
      .object({ data: z.object({ text: z.string().max(3) }) })
      .safeParse({ data: { text: "canary" } });
    expect(logged(error)).toMatchObject({ err: { name: "ZodError", message: "data.text: too_big" } });
    const unreadable = thrownBy(() => JSON.parse("canary") as unknown);
    expect(String(unreadable)).toContain("canary");
    expect(logged(unreadable).text).not.toContain("canary");
  });

  it("that is not an Error is only its type", () => {
    expect(logged({ secret: "text" }).err).toEqual({ name: "unknown", message: "object" });
  });
});

it("names a request and its trace", () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  expect(requestFields({ subject: "r", traceparent: `00-${trace}-00f067aa0ba902b7-01` })).toEqual({
    request: "r",
    trace,
  });
  expect(requestFields({ subject: "r" })).toEqual({ request: "r", trace: undefined });
});
