import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { FakeTelegram } from "@loopgate/testing";
import { expect, it } from "vitest";
import { startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";
import { pressFresh, work, type World } from "./agents-and-people.ts";
import { Ledger } from "./ledger.ts";
import { expectNoExcess, expectPromisesKept, extraMessages, registerSessions, settle } from "./promises.ts";

const rounds = Number(process.env["LOOPGATE_CHAOS_ROUNDS"] ?? 60);
const chats = Array.from({ length: 12 }, (_, index) => 101 + index);

it(`loses and doubles nothing in ${rounds} rounds of kill -9 at random moments under load`, async () => {
  await using telegram = await FakeTelegram.start(botToken);
  await using directory = await temporaryDirectory();
  const world: World = { telegram, ledger: new Ledger(), chats, budget: 0, random: Math.random };
  const start = () =>
    startLoopgate({
      directory: directory.path,
      apiRoot: telegram.apiRoot,
      environment: {
        TELEGRAM_ALLOWED_CHATS: chats.join(","),
        LOG_LEVEL: "error",
        // Every key is asked once more at the end, which may be late on a slow machine.
        LOOPGATE_KEY_REPLAY_SECONDS: "86400",
      },
    });

  for (let round = 0; round < rounds; round++) {
    const loopgate = await start();
    if (round === 0) await registerSessions(world, loopgate.url);
    world.budget += 8;
    const stop = new AbortController();
    const working = work(world, () => loopgate.url, stop.signal);
    await pause(world.random() * 500);
    if (round % 2 === 0) {
      pressFresh(world);
      await pause(world.random() * 8);
    }
    await loopgate.kill();
    stop.abort();
    await working;
  }
  expectNoExcess(world, rounds);

  await using loopgate = await start();
  await settle(world, loopgate.url);
  await expectPromisesKept(world, loopgate.url);
  expectOneDecisionEach(directory.path);
  console.log(
    `${world.ledger.ids.size} requests, ${world.ledger.presses.size} presses, ${extraMessages(world).length} extra messages`,
  );
});

function expectOneDecisionEach(directory: string): void {
  const bot = botToken.split(":")[0] ?? "";
  using log = new DatabaseSync(join(directory, bot, "loopgate.db"), { readOnly: true });
  const count =
    "SELECT subject FROM events WHERE subject LIKE '%.decided' OR subject LIKE '%.created' GROUP BY subject HAVING count(*) > 1";
  expect(log.prepare(count).all()).toEqual([]);
  expect(log.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
}
