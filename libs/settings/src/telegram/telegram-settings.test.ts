import { expect, it } from "vitest";
import { z } from "zod";
import { readConfiguration } from "../configuration.ts";
import { telegramRecipientsOf, telegramVariables } from "./telegram-settings.ts";

const read = async (ids: string) => {
  const settings = await readConfiguration(z.object(telegramVariables), { TELEGRAM_RESPONDER_IDS: ids }, []);
  return settings.TELEGRAM_RESPONDER_IDS;
};

const placeOf = async (address: string) => {
  const read = await readConfiguration(z.object(telegramVariables), { TELEGRAM_CHAT_ID: address }, []);
  const { defaultChat, defaultThread } = telegramRecipientsOf(read);
  return [defaultChat, defaultThread];
};

it.each([
  ["a person", "7", ["7", undefined]],
  ["a group", "-1001234", ["-1001234", undefined]],
  ["a topic", "-1001234/45", ["-1001234", "45"]],
  ["a topic in a private chat", "7/45", ["7", "45"]],
  ["the General topic, which Telegram takes without its id", "-1001234/1", ["-1001234", undefined]],
])("reads the default chat: %s", async (_, address, expected) => {
  expect(await placeOf(address)).toEqual(expected);
});

it.each(["-100/", "/45", "-100/x", "-100/-4", "-100/4/5", "@name/4", "-100 / 4"])(
  "rejects %j as the default chat",
  async (address) => {
    await expect(placeOf(address)).rejects.toThrow("must be a numeric Telegram id");
  },
);

it("accepts persons as responders", async () => {
  expect(await read("7, 1000000000008")).toEqual(["7", "1000000000008"]);
});

it.each(["1087968824", "136817688", "777000"])(
  "rejects %s, an account that many people share, as a responder",
  async (id) => {
    await expect(read(`7,${id}`)).rejects.toThrow("many people speak: use the ids of persons");
  },
);
