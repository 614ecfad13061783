import type { CreatedEvent } from "@loopgate/contracts";
import { aQuestion, type QuestionOptions } from "@loopgate/testing/builders";

export const now = new Date("2026-11-24T14:00:00.000Z");

export interface DeployQuestionOptions extends Omit<QuestionOptions, "options"> {
  readonly labels?: readonly string[];
  /** True, by default: the first option approves. */
  readonly approval?: boolean;
}

/** A question at {@link now}, open until 14:32. */
export const aDeployQuestion = ({
  labels = ["Approve", "Deny"],
  approval = true,
  ...more
}: DeployQuestionOptions = {}): CreatedEvent =>
  aQuestion({
    client: "deploy-bot",
    message: "Restart orders-prod?",
    at: now,
    timeoutMs: 32 * 60_000,
    options: labels.map((label, index) => ({
      value: String(index),
      label,
      effect: approval && index === 0 ? "approve" : "neutral",
    })),
    ...more,
  });
