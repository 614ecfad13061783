export { fileJournal, type AskJournal, type AskRecord } from "./ask-journal.ts";
export { connect, LoopgateClient, type AskOptions, type Stoppable } from "./loopgate-client.ts";
export { LoopgateError } from "./loopgate-error.ts";
export type { Question, QuestionOption } from "./question.ts";
export type { Target } from "./target.ts";
export type { RequestView } from "@loopgate/contracts";
