import { expect, it } from "vitest";
import { requestFields } from "./request-fields.ts";

it("names a request and the trace that it belongs to", () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  expect(requestFields({ subject: "r", traceparent: `00-${trace}-00f067aa0ba902b7-01` })).toEqual({
    request: "r",
    trace,
  });
  expect(requestFields({ subject: "r" })).toEqual({ request: "r", trace: undefined });
});
