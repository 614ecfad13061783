import { eventKey, requestSubject } from "@loopgate/contracts";
import { type AppendResult, type EventLog, LogFull } from "../../../src/index.ts";
import { anEvent, aRequest } from "./events.ts";

interface Bus {
  readonly log: EventLog;
}

export type Asked = ReturnType<typeof aRequest>;

/** A question with a text of this length. */
export async function ask({ log }: Bus, characters: number): Promise<Asked> {
  const ref = aRequest();
  const event = anEvent(ref, { data: { text: "x".repeat(characters) } });
  await log.append(requestSubject(ref, eventKey.created), event, { first: true, reserveHeadroom: true });
  return ref;
}

export const decide = ({ log }: Bus, ref: Asked): Promise<AppendResult> =>
  log.append(requestSubject(ref, eventKey.decided), anEvent(ref), { first: true });

/** Asks until there is no room; returns what was accepted. */
export async function askUntilFull(bus: Bus, characters: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (;;) {
    try {
      asked.push(await ask(bus, characters));
    } catch (error) {
      if (error instanceof LogFull && error.message.includes("no room left")) return asked;
      throw error;
    }
  }
}
