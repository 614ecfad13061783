import { CreatedEvent, type DecidedEvent, newRequestId } from "@loopgate/contracts";
import { cancellation, expiry, judge } from "@loopgate/domain";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { questionText, verdictText } from "./question.ts";

const now = new Date("2026-11-24T14:00:00.000Z");

interface QuestionOptions {
  readonly message?: string;
  readonly labels?: readonly string[];
  readonly metadata?: Record<string, unknown>;
  readonly client?: string;
  readonly approval?: boolean;
}

function aQuestion({
  message = "Restart orders-prod?",
  labels = ["Approve", "Deny"],
  metadata,
  client = "deploy-bot",
  approval = true,
}: QuestionOptions = {}): CreatedEvent {
  const id = newRequestId();
  return CreatedEvent.parse({
    specversion: "1.0",
    id,
    source: "test",
    type: "loopgate.request.created.v1",
    subject: id,
    time: now.toISOString(),
    tenant: "default",
    data: {
      session_id: "s",
      client_id: client,
      prompt: {
        kind: "choice",
        message,
        options: labels.map((label, index) => ({
          value: `${index}`,
          label,
          effect: approval && index === 0 ? "approve" : "neutral",
        })),
      },
      recipients: [{ channel: "telegram", endpoint: "telegram_42_7", responders: ["telegram:7"] }],
      policy: { required: 1 },
      metadata,
      expires_at: "2026-11-24T14:32:00.000Z",
      fingerprint: "f",
    },
  });
}

function answered(created: CreatedEvent, choice: { option: number } | { text: string }): DecidedEvent {
  const attempt = {
    key: "1",
    endpoint: "telegram_42_7",
    responder: "telegram:7",
    name: "Alice Weber",
    channel: "telegram",
    storedAt: now.toISOString(),
  };
  const judged = judge(created, { ...attempt, choice }, now);
  if (judged.kind !== "decide") throw new Error(judged.kind);
  return judged.event;
}

const anyText = (maxLength: number) =>
  fc.string({
    unit: fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("👨‍👩‍👧‍👦", "🏳️‍🌈", "e\u0301", "\u202E", "@alice", "/start", "\n", "\t", "‮"),
    ),
    minLength: 1,
    maxLength,
  });

describe("any question", () => {
  it("fits Telegram's limits, and its entities lie inside the text, open and closed", () => {
    const questions = fc.record({
      message: fc.oneof(
        anyText(300),
        anyText(20).map((text) => text.repeat(400).slice(0, 16_000)),
      ),
      labels: fc.array(
        anyText(60).map((text) => text.slice(0, 200)),
        { maxLength: 50 },
      ),
      metadata: fc.dictionary(anyText(10), fc.oneof(anyText(100), fc.integer(), fc.constant({ a: [1] })), {
        maxKeys: 20,
      }),
      client: anyText(40),
    });
    fc.assert(
      fc.property(questions, (question) => {
        const created = aQuestion(question);
        const ends = [expiry(created, now), cancellation(created, "c", now, question.message)];
        for (const { text, entities } of [
          questionText(created),
          ...ends.map((end) => verdictText(created, end)),
        ]) {
          expect(text.length).toBeLessThanOrEqual(4_096);
          expect(text.isWellFormed()).toBe(true);
          expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
          for (const { offset, length } of entities) {
            expect(length).toBeGreaterThan(0);
            expect(offset + length).toBeLessThanOrEqual(text.length);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("an open question", () => {
  it("shows who asks what, the facts beside it, until when, and what silence means", () => {
    const { text, entities } = questionText(
      aQuestion({ metadata: { ticket: "OPS-1", window: { from: 1 } } }),
    );
    expect(text).toMatch(/^🔐 Approval · #[0-9A-F]{4}\ndeploy-bot asks · session s\n/);
    for (const part of [
      "Restart orders-prod?",
      "ticket: OPS-1",
      'window: {"from":1}',
      "2026-11-24 14:32 UTC",
      "no answer = not approved",
    ]) {
      expect(text).toContain(part);
    }
    expect(entities).toContainEqual(
      expect.objectContaining({ type: "date_time", unix_time: 1_795_530_720, date_time_format: "r" }),
    );
  });

  it("promises nothing about approval where nothing approves, and asks for a reply where there are no buttons", () => {
    expect(questionText(aQuestion({ approval: false })).text).not.toContain("approved");
    expect(questionText(aQuestion({ labels: [] })).text).toContain("Reply to this message");
  });

  it("lists in full what buttons cut: long labels, and all labels when there are many", () => {
    const long = "Roll back to the release of last Tuesday, the one before the migration";
    expect(questionText(aQuestion({ labels: [long, "No"] })).text).toContain(long);
    const many = questionText(
      aQuestion({ labels: Array.from({ length: 12 }, (_, n) => `template ${n}`) }),
    ).text;
    expect(many).toContain("1. template 0");
    expect(many).toContain("12. template 11");
  });

  it("says that it is cut, and how long it is", () => {
    const { text } = questionText(aQuestion({ message: "x".repeat(10_000) }));
    expect(text).toContain("(cut: 10000 characters in all)");
  });

  it("pings nobody: names are broken, all else is the agent's text to the letter", () => {
    const { text } = questionText(aQuestion({ message: "ask @alice about /etc/hosts, a@b.example and #7" }));
    expect(text).toContain("ask @\u2060alice about /etc/hosts, a@b.example and #7");
  });
});

describe("a closed question", () => {
  const created = aQuestion({ labels: ["Approve", "Later"] });
  it.each([
    ["✅ Approved", answered(created, { option: 0 }), ["Approve", "Alice Weber · 2026-11-24 14:00 UTC"]],
    ["✅ Answered", answered(created, { option: 1 }), ["Later", "Alice Weber"]],
    [
      "⌛ Expired",
      expiry(created, now),
      ["No answer by 2026-11-24 14:32 UTC. deploy-bot was told: not approved."],
    ],
    [
      "🚫 Cancelled",
      cancellation(created, "c", now, "no longer needed"),
      ["Withdrawn by deploy-bot", "no longer needed"],
    ],
  ])("keeps the question under its verdict: %s", (title, decided, parts) => {
    const { text } = verdictText(created, decided);
    expect(text.startsWith(`${title} · #`)).toBe(true);
    for (const part of ["Restart orders-prod?", ...parts]) expect(text).toContain(part);
  });

  it("quotes a typed answer", () => {
    const input = aQuestion({ labels: [] });
    expect(verdictText(input, answered(input, { text: "ship it" })).text).toContain("ship it\nAlice Weber");
  });
});
