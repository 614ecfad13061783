import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { begin, type Call, textOf } from "./call.ts";

/** A server has room for so many new connections at a time. */
const WAVE = 200;
const WAVE_EVERY_MS = 100;
/** To be asked costs a server something, too. */
const LOOK_EVERY_MS = 500;

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
  for (let from = 0; from < calls.length; from += WAVE) {
    answers.push(...calls.slice(from, from + WAVE).map((call) => begin(url, call, agent).then(textOf)));
    await pause(WAVE_EVERY_MS);
  }
  while ((await waiting()) < calls.length) await pause(LOOK_EVERY_MS);
  return { answers };
}

/** How many calls wait at a gateway, as it counts them itself. */
export const waitingAt = (url: string) => async (): Promise<number> => {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^loopgate_waiting_calls (\d+)/m.exec(metrics)?.[1] ?? 0);
};
