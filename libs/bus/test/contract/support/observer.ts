import type { Backlog, BusObserver } from "../../../src/index.ts";

/** An observer that records its calls. */
export interface Recording extends BusObserver {
  /** `<request id> <kind of its decision>` */
  readonly decisions: string[];
  readonly losses: string[];
  readonly unknown: string[];
  /** `<kind of work> <consumer>` and its error. */
  readonly failures: { readonly work: string; readonly error: unknown }[];
  readonly deadLetters: string[];
  readonly consumers: Map<string, () => Promise<Backlog>>;
  readonly warnings: string[];
  /** Messages of the reasons. */
  readonly disconnects: string[];
  reconnects: number;
}

export function anObserver(): Recording {
  const recording: Recording = {
    decisions: [],
    losses: [],
    unknown: [],
    failures: [],
    deadLetters: [],
    consumers: new Map(),
    reconnects: 0,
    decided: (created, { data }) => void recording.decisions.push(`${created.subject} ${data.kind}`),
    lost: (event) => void recording.losses.push(event),
    outcomeUnknown: (next) => void recording.unknown.push(next),
    warnings: [],
    warned: (message) => void recording.warnings.push(message),
    disconnects: [],
    disconnected: ({ message }) => void recording.disconnects.push(message),
    reconnected: () => {
      recording.reconnects += 1;
    },
    failed: (work, error) => {
      const consumer = "consumer" in work ? ` ${work.consumer}` : "";
      recording.failures.push({ work: `${work.kind}${consumer}`, error });
    },
    deadLettered: (consumer) => void recording.deadLetters.push(consumer),
    consumes: (consumer, backlog) => {
      recording.consumers.set(consumer, backlog);
      return { [Symbol.dispose]: () => void recording.consumers.delete(consumer) };
    },
  };
  return recording;
}
