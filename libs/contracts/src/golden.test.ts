import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { z } from "zod";
import { actionDigest } from "./action-digest.ts";
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
  "request.created.v1.action.json": CreatedEvent,
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

it("an action has the digest of its canonical JSON, whatever the order of its members", () => {
  const text = readFileSync(new URL("request.created.v1.action.json", directory), "utf8");
  const { action, action_digest } = CreatedEvent.parse(JSON.parse(text)).data;
  if (action === undefined) throw new Error("the golden file has no action");
  expect(actionDigest(action)).toBe(action_digest);
  const turned = Object.fromEntries(Object.entries(action.arguments).toReversed());
  expect(actionDigest({ ...action, arguments: turned })).toBe(action_digest);
  expect(actionDigest({ ...action, arguments: { ...turned, command: "touch marker " } })).not.toBe(
    action_digest,
  );
});
