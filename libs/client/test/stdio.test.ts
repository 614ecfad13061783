import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AskRecord, connect, type LoopgateClient } from "../src/index.ts";
import { decided, pending } from "./support/view.ts";

const script = fileURLToPath(new URL("stdio-processes/scripted-loopgate.ts", import.meta.url));
const away = { error: { code: "unavailable", message: "Call again." } };

interface Call {
  readonly tool: string;
  readonly args: Record<string, unknown>;
  readonly process: number;
  readonly at: number;
  readonly secret?: string;
}
let directory: string;
let loopgate: LoopgateClient | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "loopgate-client-"));
  await writeFile(join(directory, "journal"), "");
});
afterEach(async () => {
  await loopgate?.close();
  await rm(directory, { recursive: true });
});

async function start(...replies: readonly ("die" | object)[]): Promise<LoopgateClient> {
  const args = [script, join(directory, "journal"), JSON.stringify(replies)];
  loopgate = connect({ command: process.execPath, args, env: { SECRET: "handed on" } });
  await loopgate.initialize("deployer", "1.0.0");
  return loopgate;
}

async function calls(): Promise<readonly Call[]> {
  const lines = (await readFile(join(directory, "journal"), "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Call);
}

describe("over stdio, ask", () => {
  it("starts the command again when it ends, and asks the same thing under the same key", async () => {
    const client = await start("die", pending, "die", away, pending, decided);
    const metadata = { build: 42 };
    const asking = client.ask({ message: "Deploy?", requestType: "confirmation", metadata });
    metadata.build = 43;
    expect(await asking).toEqual(decided);
    const made = await calls();
    const [submit, status] = ["request_human_input", "check_request_status"];
    expect(made.map(({ tool }) => tool)).toEqual([submit, submit, status, status, status, status]);
    expect(new Set(made.map(({ process }) => process)).size).toBe(3);
    expect(made[0]?.args).toEqual(made[1]?.args);
    expect(made[0]?.args).toMatchObject({
      client_id: "deployer",
      idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(made[2]?.args).toEqual({ request_id: "r1", wait_seconds: 50 });
    expect(made[0]?.secret).toBe("handed on");
  });

  it("calls no sooner again than poll_after_seconds says", async () => {
    const undelivered = { ...pending, delivery: "undelivered", poll_after_seconds: 1 };
    const client = await start(pending, undelivered, decided);
    await client.ask({ message: "Deploy?" });
    const [before, , after] = (await calls()).map(({ at }) => at);
    // The client counts from the call between them on, which takes its time to arrive.
    expect(after! - before!).toBeGreaterThanOrEqual(950);
  });

  it("rejects with the signal's reason, also between two calls", async () => {
    const client = await start(pending, { ...pending, poll_after_seconds: 60 });
    const stop = new AbortController();
    const asking = client.ask({ message: "Deploy?" }, stop);
    await expect.poll(calls).toHaveLength(2);
    await client.listTools();
    stop.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
  });

  it("takes no other server's answer for one", async () => {
    const client = await start({ approved: true });
    await expect(client.ask({ message: "Deploy?" })).rejects.toThrow("no answer of Loopgate");
  });

  it("asks anew if Loopgate no longer keeps the request of its journal", async () => {
    const gone = { error: { code: "not_found", message: "No such request." } };
    const client = await start(pending, gone, { ...pending, request_id: "r2" }, decided);
    let record: AskRecord | undefined;
    const journal = {
      read: async () => record,
      write: async (next: AskRecord | undefined) => {
        const isFirst = record?.requestId === undefined && next?.requestId === "r1";
        record = next;
        if (isFirst) throw new Error("killed");
      },
    };
    await expect(client.ask({ message: "Deploy?" }, { journal })).rejects.toThrow("killed");
    expect(await client.ask({ message: "Deploy?" }, { journal })).toEqual(decided);
    expect(record).toBeUndefined();
    const [first, ...others] = (await calls()).filter(({ tool }) => tool === "request_human_input");
    expect(others.map(({ args }) => args["idempotency_key"] === first?.args["idempotency_key"])).toEqual([
      false,
    ]);
  });

  it("takes the request of a used key of its own: an earlier try of this call has used it", async () => {
    const used = { error: { code: "idempotency_key_used", message: "Used.", request: decided } };
    const client = await start("die", used, used);
    expect(await client.ask({ message: "Deploy?" })).toEqual(decided);
    const refused = client.ask({ message: "Deploy?", idempotencyKey: "mine" });
    await expect(refused).rejects.toMatchObject({ code: "idempotency_key_used", request: decided });
  });

  it("uses another key for each question that has none", async () => {
    const client = await start(pending, pending);
    await client.submit({ message: "Deploy?" });
    await client.submit({ message: "Deploy?" });
    const [first, second] = await calls();
    expect(first?.args["idempotency_key"]).not.toBe(second?.args["idempotency_key"]);
  });
});

it("a command that is not there is said at once", async () => {
  const nothing = connect({ command: join(tmpdir(), "no-such-loopgate") });
  await expect(nothing.initialize("deployer", "1.0.0")).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/ENOENT/),
  });
});
