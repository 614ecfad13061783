import { expect, it } from "vitest";
import { traceparentOf } from "./traceparent.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";

it("passes a well-formed trace context on", () => {
  expect(traceparentOf({ traceparent: `00-${trace}-${span}-01` })).toBe(`00-${trace}-${span}-01`);
});

it("uses the header's if the call has no well-formed one", () => {
  const [named, header] = [`00-${trace}-${span}-01`, `00-${trace}-${span}-00`];
  expect(traceparentOf({ traceparent: named }, header)).toBe(named);
  expect(traceparentOf({ traceparent: "rubbish" }, header)).toBe(header);
  expect(traceparentOf(undefined, header)).toBe(header);
  expect(traceparentOf(undefined, [header])).toBeUndefined();
});

it.each([
  undefined,
  {},
  { traceparent: 7 },
  { traceparent: "rubbish" },
  { traceparent: `ff-${trace}-${span}-01` },
  { traceparent: `00-${"0".repeat(32)}-${span}-01` },
  { traceparent: `00-${trace}-${"0".repeat(16)}-01` },
  { traceparent: `00-${trace.toUpperCase()}-${span}-01` },
])("ignores %j", (meta) => {
  expect(traceparentOf(meta)).toBeUndefined();
});
