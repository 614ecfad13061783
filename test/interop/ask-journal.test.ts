import { readdirSync } from "node:fs";
import { join } from "node:path";
import { connect, fileJournal, type LoopgateClient } from "@loopgate/client";
import { person, type ShownMessage } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../harness/loopgate.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { startServiceProcess } from "../harness/service-process.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";

const setting = useLoopgate({ LOOPGATE_KEY_REPLAY_SECONDS: "1" });
const journals = await temporaryDirectory();
let loopgate: LoopgateClient;
beforeAll(async () => {
  loopgate = connect({ url: `${setting.loopgate.url}/mcp` });
  await loopgate.initialize("deployer", "1.0.0");
});
afterAll(async () => {
  await loopgate.close();
  await journals[Symbol.asyncDispose]();
});

const messagesWith = (text: string): readonly ShownMessage[] =>
  setting.telegram.messagesIn(7).filter((message) => message.text.includes(text));

async function approve(text: string, count = 1): Promise<void> {
  await expect.poll(() => messagesWith(text)).toHaveLength(count);
  setting.telegram.press(person(7), messagesWith(text).at(-1)!, "Approve");
}

const questionOf = (name: string) => ({
  message: `${textCanary} ${name}?`,
  requestType: "confirmation" as const,
});

/** A process that asks; ready when it writes this. */
const startAsking = (name: string, until: string, step = "") =>
  startServiceProcess({
    script: "test/interop/asking-processes/ask.ts",
    args: [`${setting.loopgate.url}/mcp`, join(journals.path, name), questionOf(name).message, step],
    environment: {},
    ready: (output) => expect.poll(output).toContain(until),
  });

/** Resolves once the key of this journal is refused. */
async function keyUsedUp(name: string): Promise<void> {
  const record = await fileJournal(join(journals.path, name)).read();
  const submit = () => loopgate.submit({ ...questionOf(name), idempotencyKey: record?.key });
  await expect.poll(() => submit().catch(({ code }) => code)).toBe("idempotency_key_used");
}

describe("a process that is killed, and asks again after its key is used up, is told the answer to its own question", () => {
  it.each(["before the key", "after the key"])("killed %s is written: asks", async (step) => {
    const name = step.replaceAll(" ", "-");
    await using killed = await startAsking(name, `at: ${step}`, step);
    await killed.kill();
    const resumed = startAsking(name, "answer:");
    await approve(name);
    await using process = await resumed;
    expect(process.output()).toMatch(/ true$/m);
    expect(messagesWith(name)).toHaveLength(1);
  });

  it.each(["before the id", "after the id", "before the end"])(
    "killed %s is written: does not ask again",
    async (step) => {
      const name = step.replaceAll(" ", "-");
      const killed = startAsking(name, `at: ${step}`, step);
      if (step !== "before the end") await (await killed).kill();
      await approve(name);
      await (await killed).kill();
      await keyUsedUp(name);
      await using resumed = await startAsking(name, "answer:");
      expect(resumed.output()).toMatch(/ true$/m);
      expect(messagesWith(name)).toHaveLength(1);
    },
  );

  it("and one that has had its answer asks anew: an approval answers one ask", async () => {
    for (const count of [1, 2]) {
      const asking = startAsking("twice", "answer:");
      await approve("twice", count);
      await using process = await asking;
      expect(process.output()).toMatch(/ true$/m);
      expect(readdirSync(journals.path).filter((file) => file.startsWith("twice"))).toEqual([]);
    }
  });
});

it("the record of another question is not resumed", async () => {
  const journal = fileJournal(join(journals.path, "changed"));
  const stop = new AbortController();
  const asking = loopgate.ask(questionOf("changed 1"), { journal, signal: stop.signal });
  await expect.poll(() => messagesWith("changed 1")).toHaveLength(1);
  await expect.poll(() => journal.read()).toHaveProperty("requestId");
  stop.abort(new Error("enough"));
  await expect(asking).rejects.toThrow("enough");
  await approve("changed 1");

  const next = loopgate.ask(questionOf("changed 2"), { journal });
  await approve("changed 2");
  expect(await next).toMatchObject({ approved: true, message: questionOf("changed 2").message });
});

it("a used key of the caller's own is refused, with the earlier request inside the error", async () => {
  const question = { ...questionOf("constant"), idempotencyKey: "constant" };
  const first = loopgate.ask(question);
  await approve("constant");
  const { request_id } = await first;
  const again = () => loopgate.ask(question).catch((error: unknown) => error);
  await expect
    .poll(again)
    .toMatchObject({ name: "LoopgateError", code: "idempotency_key_used", request: { request_id } });
  expect(messagesWith("constant")).toHaveLength(1);
});

it("a journal and a key of the caller's own exclude each other", async () => {
  const journal = fileJournal(join(journals.path, "both"));
  const asking = loopgate.ask({ ...questionOf("both"), idempotencyKey: "mine" }, { journal });
  await expect(asking).rejects.toThrow("leave out idempotencyKey");
  expect(messagesWith("both")).toHaveLength(0);
});
