import { Writable } from "node:stream";
import { createLogger } from "@loopgate/runtime";
import { expect, it } from "vitest";
import { replacedLog } from "@loopgate/testing/faults";
import { startGateway } from "./support/gateway.ts";
import { post } from "./support/wire.ts";

it("a log line names the reason of a failed call, and the answer does not", async () => {
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) });
  await using g = await startGateway({
    logger: createLogger("test", "info", sink),
    faulty: (log) => replacedLog(log, { append: () => Promise.reject(new RangeError("out of bounds")) }),
  });
  const call = {
    method: "tools/call",
    params: { name: "request_human_input", arguments: { message: "m" } },
    id: 1,
  };

  const answer = await post(`${g.url}/mcp`, call);

  expect(JSON.stringify(answer)).not.toContain("out of bounds");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
    expect.objectContaining({
      msg: "call failed",
      tool: "request_human_input",
      err: { name: "RangeError", message: "out of bounds" },
    }),
  );
});
