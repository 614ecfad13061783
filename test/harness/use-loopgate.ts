import { FakeTelegram } from "@loopgate/testing";
import { afterAll, beforeAll } from "vitest";
import { type RunningLoopgate, startLoopgate, temporaryDirectory } from "./loopgate.ts";
import { botToken } from "./secret-scan.ts";

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
  let telegram: FakeTelegram | undefined;
  let loopgate: RunningLoopgate | undefined;
  let directory = "";
  const there = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error("the setting is there from the first test on");
    return part;
  };
  const restart = async () => {
    loopgate = parts.use(await startLoopgate({ directory, apiRoot: there(telegram).apiRoot, environment }));
  };
  beforeAll(async () => {
    telegram = parts.use(await FakeTelegram.start(botToken));
    directory = parts.use(await temporaryDirectory()).path;
    await restart();
  });
  afterAll(() => parts.disposeAsync());
  return {
    get telegram() {
      return there(telegram);
    },
    get loopgate() {
      return there(loopgate);
    },
    restart,
  };
}
