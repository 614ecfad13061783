import { setTimeout as pause } from "node:timers/promises";
import { FakeTelegram } from "@loopgate/testing";
import { expect } from "vitest";
import { it } from "../harness/it.ts";
import {
  type DeployedService,
  type Deployment,
  type ServiceName,
  startDeployment,
} from "../harness/deployment.ts";
import { botToken } from "../harness/secret-scan.ts";
import { pressFresh, work, type World } from "./agents-and-people.ts";
import { Ledger } from "./ledger.ts";
import { expectLogAndDatabaseAgree } from "./projection.ts";
import { expectNoExcess, expectPromisesKept, extraMessages, registerSessions, settle } from "./promises.ts";

/** How often each service is killed; the full figure is 20, with 1,000 requests and a minute without MongoDB. */
const kills = Number(process.env["LOOPGATE_CHAOS_KILLS"] ?? 5);
const requests = kills * 50;
const frozenMs = kills * 3_000;
const services = ["gateway", "notifier", "state"] as const;
const chats = Array.from({ length: 24 }, (_, index) => 201 + index);

it(`loses and doubles nothing while each of six services is killed or frozen ${kills} times, and broker and database, too`, async () => {
  await using telegram = await FakeTelegram.start(botToken);
  await using deployment = await startDeployment({
    apiRoot: telegram.apiRoot,
    environment: {
      TELEGRAM_ALLOWED_CHATS: chats.join(","),
      LOG_LEVEL: "error",
      // Every key is asked once more at the end, which may be late on a slow machine.
      LOOPGATE_KEY_REPLAY_SECONDS: "86400",
    },
  });
  const world: World = { telegram, ledger: new Ledger(), chats, budget: requests, random: Math.random };
  const replicas = await startReplicas(deployment);
  await registerSessions(world, urlOf(replicas));

  const stop = new AbortController();
  const working = work(world, () => urlOf(replicas), stop.signal);
  const faults = await hurt(deployment, replicas, world);
  await enough(world);
  stop.abort();
  await working;
  expectNoExcess(world, faults);

  await settle(world, urlOf(replicas));
  await expectPromisesKept(world, urlOf(replicas));
  await expectLogAndDatabaseAgree(deployment, [...world.ledger.ids.values()]);
  console.log(
    `${world.ledger.ids.size} requests, ${world.ledger.presses.size} presses, ${extraMessages(world).length} extra messages, ${faults} faults`,
  );
});

type Killed = Exclude<ServiceName, "inbox">;
type Replicas = Record<Killed, DeployedService[]>;

async function startReplicas(deployment: Deployment): Promise<Replicas> {
  const pair = (service: Killed) => Promise.all([deployment.start(service), deployment.start(service)]);
  const [gateway, notifier, state] = await Promise.all([pair("gateway"), pair("notifier"), pair("state")]);
  return { gateway, notifier, state };
}

const urlOf = ({ gateway }: Replicas): string => pick(gateway).url;

/** Kills a replica of each service in turn, and starts it again; in between the broker is killed and the database frozen. */
async function hurt(deployment: Deployment, replicas: Replicas, world: World): Promise<number> {
  let faults = 0;
  const frozen = freezeDatabase(deployment);
  for (let round = 0; round < kills; round++) {
    for (const service of services) {
      await pause(world.random() * 400);
      pressFresh(world);
      await pause(world.random() * 8);
      if (service === "notifier" && round % 4 === 3) await freeze(pick(replicas.notifier));
      else await replace(deployment, replicas, service);
      faults += 1;
    }
    if (round % 5 === 2) {
      await deployment.nats.restart();
      faults += 1;
    }
  }
  await frozen;
  return faults;
}

async function replace(deployment: Deployment, replicas: Replicas, service: Killed): Promise<void> {
  const victims = replicas[service];
  const index = Math.floor(Math.random() * victims.length);
  await victims[index]?.kill();
  victims[index] = await deployment.start(service, { awaitReady: false });
}

/** Long enough to lose every lease. */
async function freeze(victim: DeployedService): Promise<void> {
  victim.freeze();
  await pause(12_000);
  victim.thaw();
}

async function freezeDatabase({ mongo }: Deployment): Promise<void> {
  await pause(2_000);
  await mongo.freeze();
  await pause(frozenMs);
  await mongo.thaw();
}

/** Until agents have asked all that they may. */
async function enough({ ledger, budget }: World): Promise<void> {
  await expect
    .poll(() => ledger.ids.size, { timeout: 120_000, interval: 200 })
    .toBeGreaterThanOrEqual(budget);
}

const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)]!;
