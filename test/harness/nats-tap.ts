import { type Passage, startRelay } from "./relay.ts";

/** What a service must be doing for the tap to strike. */
export interface Step {
  /** Matches the subject that the service publishes on at this step. */
  readonly publishes: RegExp;
  /** `sent`: the broker does not get it. `answered`: the broker did it, and the service does not hear so. */
  readonly strikeBefore: "sent" | "answered";
}

/** The way of one service to its broker, which strikes at a named step. */
export interface NatsTap extends AsyncDisposable {
  /** What to set as `NATS_URL`. */
  readonly url: string;
  /** Resolves when the service is at this step: from then on nothing passes in either direction. */
  strikeAt(step: Step): Promise<void>;
}

/** Listens on a free port of this machine and passes everything on to the broker at `url`. */
export async function startNatsTap(url: string): Promise<NatsTap> {
  let armed: { readonly step: Step; readonly struck: () => void } | undefined;
  let isClosed = false;
  const strike = () => {
    isClosed = true;
    armed?.struck();
  };
  const passage = (): Passage => {
    let answer: string | undefined;
    return {
      toServer: (chunk) => {
        const inbox = armed && replyInbox(chunk, armed.step.publishes);
        if (inbox !== undefined && armed?.step.strikeBefore === "sent") strike();
        answer ??= inbox;
        return !isClosed;
      },
      toClient: (chunk) => {
        if (answer !== undefined && chunk.includes(answer)) strike();
        return !isClosed;
      },
    };
  };
  const relay = await startRelay(Number(new URL(url).port), passage);
  return {
    url: `nats://127.0.0.1:${relay.port}`,
    strikeAt: (step) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      armed = { step, struck: resolve };
      return promise;
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

/** Where the answer to a publish goes, if a matching one begins in this chunk. */
function replyInbox(chunk: Buffer, publishes: RegExp): string | undefined {
  for (const [, subject = "", reply] of chunk.toString("latin1").matchAll(/^H?PUB (\S+)(?: (_\S+))? /gm)) {
    if (publishes.test(subject)) return reply ?? subject;
  }
  return undefined;
}
