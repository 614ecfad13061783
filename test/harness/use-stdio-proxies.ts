import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeTelegram, type ShownMessage } from "@loopgate/testing";
import { afterEach, beforeEach, expect } from "vitest";
import { daemonsIn, Front, type FrontOptions, killDaemonsIn } from "./stdio-proxy.ts";
import { type RunningLoopgate, startLoopgate, temporaryDirectory } from "./loopgate.ts";
import { botToken, expectNoSecrets } from "./secret-scan.ts";

/** A data directory and a Telegram for each test of a file; whatever a test leaves running ends with it. */
export class FrontSetting {
  telegram!: FakeTelegram;
  directory = "";
  #parts = new AsyncDisposableStack();
  /** They go first: a front whose daemon is gone starts another. */
  #fronts = new AsyncDisposableStack();

  static use(): FrontSetting {
    const setting = new FrontSetting();
    beforeEach(async () => {
      setting.#parts = new AsyncDisposableStack();
      setting.#fronts = new AsyncDisposableStack();
      setting.telegram = setting.#parts.use(await FakeTelegram.start(botToken));
      setting.directory = setting.#parts.use(await temporaryDirectory()).path;
    });
    afterEach(async () => {
      await setting.#fronts.disposeAsync();
      killDaemonsIn(setting.directory);
      await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
      expectNoSecrets(await setting.log());
      await setting.#parts.disposeAsync();
    });
    return setting;
  }

  /** Where the data of the tests' bot is. */
  get place(): string {
    return join(this.directory, botToken.split(":")[0]!);
  }

  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      HOME: this.directory,
      PATH: "/nowhere",
      LOOPGATE_DATA_DIR: this.directory,
      TELEGRAM_BOT_TOKEN: botToken,
      TELEGRAM_CHAT_ID: "7",
      TELEGRAM_API_ROOT: this.telegram.apiRoot,
      ...more,
    };
  }

  front(more: Readonly<Record<string, string>> = {}, options: Partial<FrontOptions> = {}): Front {
    return this.#fronts.use(new Front({ environment: this.environment(more), ...options }));
  }

  async serve(environment: Readonly<Record<string, string>> = {}): Promise<RunningLoopgate> {
    const { directory, telegram } = this;
    return this.#parts.use(await startLoopgate({ directory, apiRoot: telegram.apiRoot, environment }));
  }

  /** The daemon's process, once there is exactly one. */
  async daemon(): Promise<number> {
    await expect.poll(() => daemonsIn(this.directory).length).toBe(1);
    return daemonsIn(this.directory)[0]!;
  }

  /** What the daemons wrote. */
  async log(): Promise<string> {
    return readFile(join(this.place, "daemon.log"), "utf8").catch(() => "");
  }

  /** The messages that show this text. */
  messagesWith(text: string, chat = 7): readonly ShownMessage[] {
    return this.telegram.messagesIn(chat).filter((message) => message.text.includes(text));
  }

  /** The message that shows this text, once it stands in the chat. */
  async messageWith(text: string, chat = 7): Promise<ShownMessage> {
    await expect.poll(() => this.messagesWith(text, chat).length).toBeGreaterThan(0);
    return this.messagesWith(text, chat)[0]!;
  }
}
