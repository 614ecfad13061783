import { expect, it } from "vitest";
import { z } from "zod";
import { readConfiguration } from "../configuration.ts";
import { telegramVariables } from "./telegram-settings.ts";

const read = (ids: string) =>
  readConfiguration(z.object(telegramVariables), { TELEGRAM_RESPONDER_IDS: ids }, []).TELEGRAM_RESPONDER_IDS;

it("accepts persons as responders", () => {
  expect(read("7, 1000000000008")).toEqual(["7", "1000000000008"]);
});

it.each(["1087968824", "136817688", "777000"])(
  "rejects %s, an account that many people share, as a responder",
  (id) => {
    expect(() => read(`7,${id}`)).toThrow("many people speak: use the ids of persons");
  },
);
