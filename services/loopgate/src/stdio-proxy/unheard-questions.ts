import { fingerprint } from "@loopgate/contracts/fingerprint";

/** How long a question is remembered, in milliseconds: as long as the gateway remembers callers that left. */
const REMEMBERED_MS = 900_000;

/** Arguments that are not part of the question. */
const NOT_ASKED = new Set(["wait_seconds", "idempotency_key"]);

type Arguments = Readonly<Record<string, unknown>>;

interface Unheard {
  readonly fingerprint: string;
  readonly key: string;
  readonly until: number;
}

/**
 * Questions whose calls ended before the client heard the request's id: it cancelled them, ran out of its own time, or got
 * an error. The next call with the same arguments takes the key, and so joins the question.
 */
export class UnheardQuestions {
  #questions: readonly Unheard[] = [];

  remember(args: Arguments, key: string): void {
    const unheard = { fingerprint: fingerprintOf(args), key, until: performance.now() + REMEMBERED_MS };
    this.#questions = [...this.#current(), unheard];
  }

  /** The key of the newest question with these arguments, for one call only. */
  take(args: Arguments): string | undefined {
    const asked = fingerprintOf(args);
    const taken = this.#current().findLast((question) => question.fingerprint === asked);
    this.#questions = this.#current().filter((question) => question !== taken);
    return taken?.key;
  }

  #current(): readonly Unheard[] {
    return this.#questions.filter(({ until }) => until > performance.now());
  }
}

const fingerprintOf = (args: Arguments): string =>
  fingerprint(
    Object.fromEntries(
      Object.entries(args).filter(([name, value]) => !NOT_ASKED.has(name) && value !== null && value !== ""),
    ),
  );
