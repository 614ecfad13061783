import { z } from "zod";
import { Refused } from "./refused.ts";

/** How long a press may be answered, in milliseconds. */
const ANSWER_WINDOW_MS = 30_000;

const Answering = z.looseObject({
  callback_query_id: z.string(),
  text: z.string().default(""),
  show_alert: z.boolean().default(false),
});

/** What somebody was told of a press. */
export interface PressAnswer {
  readonly query: string;
  readonly text: string;
  readonly alert: boolean;
}

/** The presses of buttons, and what those who pressed were told. */
export class Presses {
  readonly answers: PressAnswer[] = [];
  readonly #now: () => number;
  readonly #pressedAt = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A press happens. Returns the id of its query. */
  take(): string {
    const query = String(this.#pressedAt.size + 1);
    this.#pressedAt.set(query, this.#now());
    return query;
  }

  answer(payload: unknown): true {
    const { callback_query_id: query, text, show_alert } = Answering.parse(payload);
    const pressedAt = this.#pressedAt.get(query);
    if (pressedAt === undefined || this.#now() - pressedAt > ANSWER_WINDOW_MS) {
      throw new Refused(
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
      );
    }
    if (text.length > 200) throw new Refused(400, "Bad Request: MESSAGE_TOO_LONG");
    this.answers.push({ query, text, alert: show_alert });
    return true;
  }
}
