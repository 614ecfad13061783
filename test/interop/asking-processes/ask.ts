import { type AskRecord, connect, fileJournal } from "@loopgate/client";

/**
 * Asks with a journal: `[url, journal, message, step]`. At the step it says so and stops there. It runs until it is killed.
 */
const [url = "", path = "", message = "", step = ""] = process.argv.slice(2);
const file = fileJournal(path);

setInterval(() => undefined, 60_000);

async function reach(reached: string): Promise<void> {
  if (reached !== step) return;
  process.stdout.write(`at: ${step}\n`);
  await new Promise(() => undefined);
}

const written = (record: AskRecord | undefined): string => {
  if (record === undefined) return "the end";
  return record.requestId === undefined ? "the key" : "the id";
};

const journal = {
  read: () => file.read(),
  write: async (record: AskRecord | undefined) => {
    await reach(`before ${written(record)}`);
    await file.write(record);
    await reach(`after ${written(record)}`);
  },
};

await using loopgate = connect({ url });
await loopgate.initialize("deployer", "1.0.0");
const { request_id, approved } = await loopgate.ask({ message, requestType: "confirmation" }, { journal });
process.stdout.write(`answer: ${request_id} ${approved}\n`);
