import { randomUUID } from "node:crypto";
import {
  DEFAULT_TENANT,
  type DueEvent,
  type Envelope,
  eventKey,
  newRequestId,
  requestPrefix,
  type RequestRef,
  requestSubject,
  timestamp,
} from "@loopgate/contracts";
import type { EventLog } from "../../../src/index.ts";

/** A new request. */
export const aRequest = (): RequestRef => ({ tenant: DEFAULT_TENANT, id: newRequestId() });

/** An event of that request with a new id. */
export const anEvent = ({ tenant, id }: RequestRef, members: Partial<Envelope> = {}): Envelope => ({
  specversion: "1.0",
  id: `${id}.${randomUUID()}`,
  source: "loopgate",
  type: "loopgate.test.happened.v1",
  subject: id,
  time: timestamp(),
  tenant,
  data: {},
  ...members,
});

/** The event of a timer of that request. */
export const aDue = (ref: RequestRef, tag: string): DueEvent => ({
  ...anEvent(ref),
  type: "loopgate.timer.due.v1",
  data: { tag },
});

/** The subject of the `n`-th copy of a request's question, for tests that need many subjects of one request. */
export const copySubject = (ref: RequestRef, n: number): string =>
  requestSubject(ref, eventKey.delivered("telegram_1_2", String(n)));

/** Every event of one request. */
export const everythingOf = (ref: RequestRef): string => `${requestPrefix(ref)}.>`;

/** Appends `count` copies, numbered from 1, and returns their subjects. */
export async function appendCopies(log: EventLog, ref: RequestRef, count: number): Promise<string[]> {
  const subjects = Array.from({ length: count }, (_, index) => copySubject(ref, index + 1));
  await Promise.all(subjects.map((subject) => log.append(subject, anEvent(ref))));
  return subjects;
}
