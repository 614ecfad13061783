import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { z } from "zod";
import {
  CreatedEvent,
  DeadLetterEvent,
  DecidedEvent,
  DeliveredEvent,
  DueEvent,
  ReceivedEvent,
  SeenEvent,
  UndeliveredEvent,
} from "./events.ts";

const directory = new URL("../golden/", import.meta.url);
const schemas: Record<string, z.ZodType> = {
  "request.created.v1.json": CreatedEvent,
  "request.delivered.v1.json": DeliveredEvent,
  "request.undelivered.v1.json": UndeliveredEvent,
  "request.decided.v1.answered.json": DecidedEvent,
  "request.decided.v1.answered-in-browser.json": DecidedEvent,
  "request.decided.v1.cancelled.json": DecidedEvent,
  "request.decided.v1.expired.json": DecidedEvent,
  "request.seen.v1.json": SeenEvent,
  "channel.received.v1.json": ReceivedEvent,
  "timer.due.v1.json": DueEvent,
  "dead_letter.v1.json": DeadLetterEvent,
};

it("has a golden file for every event type, and a schema for every golden file", () => {
  expect(readdirSync(directory).sort()).toEqual(Object.keys(schemas).sort());
});

it.each(Object.entries(schemas))("%s reads back unchanged, unknown members included", (file, schema) => {
  const golden: unknown = JSON.parse(readFileSync(new URL(file, directory), "utf8"));
  expect(schema.parse(golden)).toEqual(golden);
});

it.each(Object.entries(schemas))("%s without its data is refused", (file, schema) => {
  const golden = JSON.parse(readFileSync(new URL(file, directory), "utf8")) as object;
  expect(schema.safeParse({ ...golden, data: {} }).success).toBe(false);
});
