import type { Signal } from "@preact/signals";
import type { Answers } from "./answers.ts";
import type { Api } from "./api.ts";
import type { Inbox } from "./inbox.ts";
import type { LiveState } from "./live.ts";
import { language, words } from "./preferences.ts";
import type { Telling } from "./request-words.ts";
import type { Session } from "./session.ts";

/** What the server says about itself in the page. */
interface Facts {
  /** How agents ask at the address of the page: `freely`, `with_key`, or not at all. */
  readonly agentsAskHere: string | undefined;
  /** What the owner of the machine runs to sign in; empty elsewhere. */
  readonly signInCommand: string | undefined;
  /** False beside another channel, where people only read here. */
  readonly takesAnswers: boolean;
}

/** All that the views show and call. */
export interface App {
  readonly facts: Facts;
  readonly api: Api;
  readonly session: Session;
  readonly inbox: Inbox;
  readonly answers: Answers;
  readonly live: Signal<LiveState>;
  /** Milliseconds since 1970, once a second. */
  readonly now: Signal<number>;
}

/** For sentences in the chosen language. */
export const telling = ({ now }: App): Telling => ({
  words: words.value,
  language: language.value,
  now: now.value,
});
