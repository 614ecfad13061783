import { FakeTelegram } from "@loopgate/testing";
import { afterAll, beforeAll } from "vitest";
import { startDeployment } from "./deployment.ts";
import { type RunningLoopgate, startLoopgate, temporaryDirectory } from "./loopgate.ts";
import { botToken } from "./secret-scan.ts";
import { isDistributed } from "./topology.ts";

/** A Loopgate and its Telegram for all tests of a file; the default chat is 7. */
export interface Setting {
  readonly telegram: FakeTelegram;
  readonly loopgate: RunningLoopgate;
  /** Starts Loopgate again over the same data; stop or kill the running one first. */
  restart(): Promise<void>;
}

/** Call it once at the top of a test file; what it returns is filled before the first test. */
export function useLoopgate(environment: Readonly<Record<string, string>> = {}): Setting {
  const parts = new AsyncDisposableStack();
  let setting: Omit<Setting, "restart"> | undefined;
  let start: () => Promise<RunningLoopgate>;
  const there = () => {
    if (setting === undefined) throw new Error("the setting is there from the first test on");
    return setting;
  };
  beforeAll(async () => {
    const telegram = parts.use(await FakeTelegram.start(botToken));
    const { apiRoot } = telegram;
    if (isDistributed) {
      const deployment = parts.use(await startDeployment({ apiRoot, environment }));
      start = () => deployment.startAll();
    } else {
      const directory = parts.use(await temporaryDirectory()).path;
      start = async () => parts.use(await startLoopgate({ directory, apiRoot, environment }));
    }
    setting = { telegram, loopgate: await start() };
  });
  afterAll(() => parts.disposeAsync());
  return {
    get telegram() {
      return there().telegram;
    },
    get loopgate() {
      return there().loopgate;
    },
    restart: async () => {
      setting = { ...there(), loopgate: await start() };
    },
  };
}
