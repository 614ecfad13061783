import { fingerprint, QuestionBody } from "@loopgate/contracts";
import { hasGlyph } from "@loopgate/domain";
import { type Parsed, parseArguments } from "@loopgate/rest/arguments";
import type { z } from "zod";

/** The arguments of a question, before defaults. */
export const Submission = QuestionBody.extend({
  message: QuestionBody.shape.message.refine(
    (message) => message === "" || hasGlyph(message),
    "must have a visible character",
  ),
});
export type Submission = z.infer<typeof Submission>;

/** Reads a submission. An empty list of options and a timeout of 0 count as absent. */
export function parseSubmission(given: unknown): Parsed<Submission> {
  const parsed = parseArguments(Submission, given);
  if (parsed.kind === "error") return parsed;
  const { options, timeout_seconds, ...rest } = parsed.value;
  return {
    kind: "parsed",
    value: {
      ...rest,
      ...(options === undefined || options.length === 0 ? {} : { options }),
      ...(timeout_seconds === undefined || timeout_seconds === 0 ? {} : { timeout_seconds }),
    },
  };
}

/** Equal for the same question: how long a call waits is not part of it. */
export const fingerprintOf = (submission: Submission): string =>
  fingerprint({ ...submission, wait_seconds: undefined });
