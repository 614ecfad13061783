import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { linesOf } from "./lines.ts";

async function read(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))))
    lines.push(line);
  return lines;
}

it("cuts a stream into lines, wherever its chunks end", async () => {
  expect(await read("a\nb", "c\r", "\n\n", "d\n")).toEqual(["a", "bc", "", "d"]);
});

it("yields an unterminated last line", async () => {
  expect(await read("a\nb")).toEqual(["a", "b"]);
});

it("keeps characters that span two chunks, and line ends that only Unicode knows", async () => {
  const bytes = Buffer.from("🦊\u2028\u0085\n");
  expect(await read(bytes.subarray(0, 2), bytes.subarray(2))).toEqual(["🦊\u2028\u0085"]);
});

it("keeps little of an endless line, nothing of it parses as a message, and the next lines are complete", async () => {
  const chunk = " ".repeat(1_048_576);
  const [long, ...others] = await read(...Array.from({ length: 10 }, () => chunk), '{"id":1}\n{"id":2}\n');
  expect(long?.length).toBeLessThan(5 * chunk.length);
  expect(() => JSON.parse(long ?? "")).toThrow(SyntaxError);
  expect(others).toEqual(['{"id":2}']);
});
