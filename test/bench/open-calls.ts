import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { begin, type Call, textOf } from "./call.ts";

/** Servers have room for so many new connections at a time. */
const AT_ONCE = 200;
const LOOK_EVERY_MS = 50;

/**
 * Makes calls that wait, each on a connection of its own. Resolves once `waiting` says that all of them do, with what
 * their answers will be.
 */
export async function openCalls(
  url: string,
  calls: readonly Call[],
  waiting: () => Promise<number>,
): Promise<{ readonly answers: readonly Promise<string>[] }> {
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  const answers: Promise<string>[] = [];
  while (answers.length < calls.length) {
    for (const call of calls.slice(answers.length, answers.length + AT_ONCE)) {
      answers.push(begin(url, call, agent).then(textOf));
    }
    while ((await waiting()) < answers.length) await pause(LOOK_EVERY_MS);
  }
  return { answers };
}

/** How many calls wait at a gateway, as it counts them itself. */
export const waitingAt = (url: string) => async (): Promise<number> => {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^loopgate_waiting_calls (\d+)/m.exec(metrics)?.[1] ?? 0);
};
