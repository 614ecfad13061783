import { DEFAULT_TENANT } from "@loopgate/contracts";
import type { RequestQueries } from "@loopgate/bus";
import type { SqliteBus } from "@loopgate/bus/sqlite";
import type { ClientListener } from "./client-listener.ts";

const LOOK_EVERY_MS = 5_000;

export interface IdleParts {
  readonly listener: ClientListener;
  readonly bus: SqliteBus;
  readonly queries: RequestQueries;
  readonly idleMs: number;
}

/** Calls `end` once nobody has been here for `idleMs`, no question is open, and nothing is left to send or to close. */
export function shutDownWhenIdle(parts: IdleParts, end: () => void): Disposable {
  const look = async () => {
    if (parts.listener.emptyForMs >= parts.idleMs && !(await hasWork(parts)) && parts.listener.emptyForMs > 0)
      end();
  };
  // A look that fails is made up for by the next.
  const timer = setInterval(() => void look().catch(() => undefined), Math.min(parts.idleMs, LOOK_EVERY_MS));
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function hasWork({ bus, queries }: IdleParts): Promise<boolean> {
  if (!bus.isIdle()) return true;
  const open = await queries.list({ tenant: DEFAULT_TENANT, limit: 1 });
  return open.kind !== "page" || open.requests.length > 0 || open.next_cursor !== undefined;
}
