import { cancellation, expiry } from "@loopgate/domain";
import type { CreatedEvent } from "@loopgate/contracts";
import { aDecision } from "@loopgate/testing/builders";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aDeployQuestion, now } from "../../../../test/support/questions.ts";
import { closedOfferText, offerText } from "./comment-offer.ts";
import { fullText, isLong, type MessageText, questionText, verdictText } from "./question.ts";
import { clean, oneLine, unlinked, withoutGaps } from "./text.ts";

const anyText = (maxLength: number) =>
  fc.string({
    unit: fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("👨‍👩‍👧‍👦", "🏳️‍🌈", "e\u0301", "\u202E", "\u0000", "\ud83d", "שלום", "@alice ", "\n", "\t"),
      fc.constantFrom("/start ", "https://example.org ", "<b>", "*_`[", "\u2066", "\u2028", "x"),
    ),
    minLength: 1,
    maxLength,
  });

function expectFits({ text, entities }: MessageText): void {
  expect(text.length).toBeLessThanOrEqual(4_096);
  expect(Array.from(text).length).toBeLessThanOrEqual(4_096);
  expect(text.isWellFormed()).toBe(true);
  expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069]|(?!\n)\p{Cc}/u);
  expect(text).not.toMatch(/(?<!\w)@[A-Za-z]/);
  for (const { offset, length } of entities) {
    expect(length).toBeGreaterThan(0);
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset + length).toBeLessThanOrEqual(text.length);
    expect(text.slice(offset, offset + length).isWellFormed()).toBe(true);
  }
}

function expectWhole(created: CreatedEvent): void {
  const { text } = questionText(created);
  const { prompt, metadata } = created.data;
  const message = clean(prompt.message);
  expect(text).toContain(message.trim() === "" ? "(no visible" : unlinked(withoutGaps(message)));
  for (const key of Object.keys(metadata ?? {}))
    for (const line of clean(key).split("\n")) expect(text).toContain(unlinked(line).trim());
  const isListed = prompt.options.length >= 9 || prompt.options.some(({ label }) => label.length > 30);
  for (const { label } of isListed ? prompt.options : [])
    expect(text).toContain(unlinked(oneLine(label, Infinity)));
}

describe("any question", () => {
  it("fits Telegram's limits, and its entities lie inside the text, open and closed", () => {
    const questions = fc.record({
      message: fc.oneof(
        anyText(300),
        anyText(20).map((text) => text.repeat(4_000).slice(0, 16_000)),
      ),
      labels: fc.array(
        fc.oneof(
          anyText(60).map((text) => text.slice(0, 200)),
          anyText(3).map((text) => text.repeat(200).slice(0, 200)),
        ),
        { maxLength: 50 },
      ),
      metadata: fc.dictionary(anyText(10), fc.oneof(anyText(100), fc.integer(), fc.constant({ a: [1] })), {
        maxKeys: 20,
      }),
      client: anyText(128),
      person: anyText(200),
    });
    fc.assert(
      fc.property(questions, ({ person, ...question }) => {
        const created = aDeployQuestion(question);
        const choice = question.labels.length > 0 ? { option: 0 } : { text: `a${question.message}` };
        const ends = [
          expiry(created, now),
          cancellation(created, "c", now, question.message),
          aDecision(created, { ...choice, name: person }),
        ];
        expectFits(questionText(created));
        if (!isLong(created)) expectWhole(created);
        for (const end of ends) expectFits(verdictText(created, end));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["families", "👨‍👩‍👧‍👦"],
    ["flags", "🏳️‍🌈"],
    ["code points beyond 16 bits", "𝔘"],
    ["halves of characters", "\ud83d"],
    ["right-to-left text with marks", "\u202Eשלום\u2066"],
    ["names", "@a "],
    ["one grapheme without an end", "\u0301"],
  ])("fits when everything is at its longest, of %s", (_, unit) => {
    const long = (length: number) => unit.repeat(length).slice(0, length);
    const created = aDeployQuestion({
      message: Array.from(unit.repeat(16_000)).slice(0, 16_000).join(""),
      labels: Array.from({ length: 50 }, () => `x${long(199)}`),
      metadata: { [long(100)]: long(8_000) },
      client: long(128),
    });
    expectFits(questionText(created));
    const closed = verdictText(created, aDecision(created, { option: 49, name: long(200) }));
    expectFits(closed);
    expect(questionText(created).text).toContain("no answer = not approved");
    expect(closed.text).toMatch(/^✅ Answered/);
  });

  it("keeps room for the message itself, however long the other parts are", () => {
    const created = aDeployQuestion({
      message: "m".repeat(16_000),
      labels: Array.from({ length: 50 }, () => "@a ".repeat(66)),
      metadata: { note: "@a ".repeat(3_000) },
      client: "@a ".repeat(40),
    });
    expect(/m+/.exec(questionText(created).text)?.[0].length).toBeGreaterThan(500);
  });
});

describe("an open question", () => {
  it("shows who asks what, the facts beside it, until when, and what silence means", () => {
    const { text, entities } = questionText(
      aDeployQuestion({ metadata: { ticket: "OPS-1", window: { from: 1 } } }),
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

  describe("names", () => {
    const secondLine = (question: Parameters<typeof aDeployQuestion>[0]) =>
      questionText(aDeployQuestion(question)).text.split("\n")[1];

    it.each([
      ["the proved key beside the claimed name", "billing-deployer", "billing-bot"],
      ["the key also when the name is the same", "billing-bot", "billing-bot"],
      ["a key of another client", "agent", "shop-bot"],
    ])("%s", (_, client, keyId) => {
      const line = `${client} · key ${keyId} asks · session s`;
      const created = aDeployQuestion({ client, keyId });
      expect(secondLine({ client, keyId })).toBe(line);
      expect(verdictText(created, aDecision(created)).text).toContain(line);
      expect(questionText(created, "plain").text).toContain(line);
      expect(fullText(created)).toContain(line);
    });

    it("no key where none was proved", () => {
      expect(secondLine({ client: "billing-deployer" })).toBe("billing-deployer asks · session s");
    });

    it.each([
      ["a client", { client: "deployer · key admin" }],
      ["a client with another dot", { client: "deployer • key admin" }],
      ["a session", { session: "prod · key admin" }],
      ["a client with wide spaces", { client: "deployer\u2003·\u2003key admin" }],
      ["a client over two lines", { client: "deployer\n·\nkey admin" }],
    ])("no key that %s only claims", (_, question) => {
      expect(secondLine(question)).not.toMatch(/[·•] key/u);
      expect(secondLine({ ...question, keyId: "guest" })?.match(/[·•] key \w+/gu)).toEqual(["· key guest"]);
      expect(fullText(aDeployQuestion(question))).not.toMatch(/[·•] key/u);
    });
  });

  it("promises nothing about approval where nothing approves, and asks for a reply where there are no buttons", () => {
    expect(questionText(aDeployQuestion({ approval: false })).text).not.toContain("approved");
    expect(questionText(aDeployQuestion({ labels: [] })).text).toContain("Reply to this message");
  });

  it("lists in full what buttons cut: long labels, and all labels when there are many", () => {
    const long = "Roll back to the release of last Tuesday, the one before the migration";
    expect(questionText(aDeployQuestion({ labels: [long, "No"] })).text).toContain(long);
    const many = questionText(
      aDeployQuestion({ labels: Array.from({ length: 12 }, (_, n) => `template ${n}`) }),
    ).text;
    expect(many).toContain("1. template 0");
    expect(many).toContain("12. template 11");
  });

  it("numbers the labels that buttons number: few, but alike at their start", () => {
    const labels = ["Restart the order service in eu-west-1", "Restart the order service in eu-west-2"];
    const { text } = questionText(aDeployQuestion({ labels }));
    expect(text).toContain(`1. ${labels[0]}\n2. ${labels[1]}`);
  });

  it("shares the room among many labels: only the longest are cut, and those that differ late stay apart", () => {
    const labels = Array.from({ length: 20 }, (_, n) =>
      n < 2 ? `${"deploy ".repeat(20)}${n}` : `short ${n}`,
    );
    const { text } = questionText(aDeployQuestion({ labels }));
    for (const label of labels) expect(text).toContain(label);
    const tooMany = questionText(
      aDeployQuestion({ labels: Array.from({ length: 50 }, () => "y".repeat(200)) }),
    ).text;
    expect(tooMany).toMatch(/^50\. y+…$/m);
  });

  it("shows eight labels of 200 characters whole", () => {
    const labels = Array.from({ length: 8 }, (_, n) => `${n}${"z".repeat(198)}${n}`);
    const { text } = questionText(aDeployQuestion({ labels }));
    for (const label of labels) expect(text).toContain(label);
  });

  it("folds a long message, and shows a message without visible characters as that", () => {
    const types = (message: string) =>
      questionText(aDeployQuestion({ message })).entities.map(({ type }) => type);
    expect(types("x".repeat(2_000))).toContain("expandable_blockquote");
    expect(types("short")).toContain("blockquote");
    expect(questionText(aDeployQuestion({ message: "\u202E \n" })).text).toContain("(no visible text)");
  });

  it.each([
    ["many short lines", "- step\n".repeat(20)],
    ["lines of one dot", ".\n".repeat(30)],
    ["pairs of empty lines", "x\n\n\n".repeat(8)],
    ["a few long lines", `${"x".repeat(200)}\n`.repeat(4)],
  ])("folds a high text: %s", (_, message) => {
    for (const question of [{ message }, { metadata: { notes: message } }]) {
      const { entities } = questionText(aDeployQuestion(question));
      expect(entities.map(({ type }) => type)).toContain("expandable_blockquote");
    }
  });

  it("does not fold what a phone shows at once", () => {
    const { entities } = questionText(aDeployQuestion({ message: "- step\n".repeat(12) }));
    expect(entities.map(({ type }) => type)).not.toContain("expandable_blockquote");
  });

  it("counts empty lines between two parts of a text, in the message and in its metadata", () => {
    const message = `Delete old logs?${"\n".repeat(61)}AND delete all`;
    const { text } = questionText(aDeployQuestion({ message, metadata: { notes: message } }));
    expect(text.match(/Delete old logs\?\n⟨60 empty lines⟩\nAND delete all/g)).toHaveLength(2);
    expect(fullText(aDeployQuestion({ message }))).toContain(message);
  });

  it.each(["\u200B", "\u3164", "\u115F", "\u2800", "\u2003", "\u00AD", "\uFEFF", "\u{E0041}", "\u034F"])(
    "shows where %j is: in the message, metadata, labels and names",
    (hidden) => {
      const mark = `⟨U+${hidden.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}⟩`;
      const created = aDeployQuestion({
        message: `Restart${hidden}orders?`,
        labels: [`Yes${hidden}please, and restart all the others too`, "No"],
        metadata: { [`ti${hidden}cket`]: `OPS${hidden}1`, nested: { a: `x${hidden}y` } },
        client: `deploy${hidden}bot`,
        session: `pro${hidden}d`,
      });
      const closed = verdictText(created, aDecision(created, { name: `Alice${hidden}Weber` })).text;
      expect(closed).toContain(`Alice${mark}Weber`);
      for (const text of [questionText(created).text, closed, fullText(created)]) {
        expect(text).not.toContain(hidden);
        for (const [before, after] of ["Restart orders", "Yes please", "ti cket", "OPS 1", "x y"].map((one) =>
          one.split(" "),
        ))
          expect(text).toContain(`${before}${mark}${after}`);
        expect(text).toContain(`deploy${mark}bot asks · session pro${mark}d`);
      }
      const typed = aDeployQuestion({ labels: [] });
      expect(verdictText(typed, aDecision(typed, { text: `a${hidden}b` })).text).toContain(`a${mark}b`);
      const withdrawn = cancellation(created, "c", now, `not${hidden}needed`);
      expect(verdictText(created, withdrawn).text).toContain(`not${mark}needed`);
    },
  );

  it("that is cut says so, and how long it is", () => {
    const { text } = questionText(aDeployQuestion({ message: "x".repeat(10_000) }));
    expect(text).toMatch(/x…\n\n📎 In full \(10,0\d\d characters\) in the file below\.\n/);
    expect(questionText(aDeployQuestion({ message: "x".repeat(3_000) })).text).not.toContain("📎");
  });

  it("in its plain form says the same without entities, in half the room", () => {
    const created = aDeployQuestion({ message: "x".repeat(16_000), metadata: { note: "y".repeat(8_000) } });
    const plain = questionText(created, "plain");
    expect(plain.text.length).toBeLessThanOrEqual(2_048);
    expect(plain.entities).toEqual([]);
    expect(plain.text).toMatch(/^🔐 Approval · #/);
    expect(plain.text).toContain("no answer = not approved");
    expect(verdictText(created, aDecision(created, { option: 0 }), "plain").text).toMatch(/^✅ Approved/);
  });

  it("pings no one: names are broken, and the rest is exactly the agent's text", () => {
    const { text } = questionText(
      aDeployQuestion({ message: "ask @alice about /etc/hosts, a@b.example and #7" }),
    );
    expect(text).toContain("ask @\u2060alice about /etc/hosts, a@b.example and #7");
  });
});

describe("the file of a long question", () => {
  it("holds everything to the last character, but for what reorders or controls text", () => {
    const message = `${"line @alice \t \u202E👨‍👩‍👧‍👦 ".repeat(600)}the end`;
    const labels = Array.from({ length: 50 }, (_, n) => `${"label ".repeat(30)}${n}`);
    const created = aDeployQuestion({ message, labels, metadata: { note: "z".repeat(8_000), n: { a: 1 } } });
    const text = fullText(created);
    expect(isLong(created)).toBe(true);
    for (const part of [clean(message), "z".repeat(8_000), 'n: {"a":1}', ...labels])
      expect(text).toContain(part);
    expect(text).toMatch(/^🔐 Approval · #[0-9A-F]{4}\ndeploy-bot asks · session s\n\nline @alice /);
    expect(text).not.toContain("\u202E");
  });

  it.each([
    ["a long message", { message: "x".repeat(4_000) }, true],
    ["a message with room", { message: "x".repeat(3_800) }, false],
    ["many long labels", { labels: Array.from({ length: 50 }, (_, n) => `${n}`.padEnd(60, "x")) }, true],
    ["fifty short labels", { labels: Array.from({ length: 50 }, (_, n) => `${n}`) }, false],
    ["much metadata", { metadata: { a: "x".repeat(900) } }, true],
  ])("is there for %s", (_, question, expected) => {
    expect(isLong(aDeployQuestion(question))).toBe(expected);
  });
});

describe("a closed question", () => {
  const created = aDeployQuestion({ labels: ["Approve", "Later"] });
  it.each([
    ["✅ Approved", aDecision(created, { option: 0 }), ["Approve", "Alice Weber · 2026-11-24 14:00 UTC"]],
    ["✅ Answered", aDecision(created, { option: 1 }), ["Later", "Alice Weber"]],
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
  ])("keeps the question under its decision: %s", (title, decided, parts) => {
    const { text } = verdictText(created, decided);
    expect(text.startsWith(`${title} · #`)).toBe(true);
    for (const part of ["Restart orders-prod?", ...parts]) expect(text).toContain(part);
  });

  it.each([
    ["words", "not on Friday", "💬 not on Friday"],
    ["@names", "ask @carol_x", "💬 ask @\u2060carol_x"],
    ["lines", "a\n\n\n\n\nb", "💬 a\n⟨4 empty lines⟩\nb"],
    ["characters without a glyph", "a\u200Bb", "💬 a⟨U+200B⟩b"],
    ["4,096 characters", "x".repeat(4_096), `💬 ${"x".repeat(396)}…`],
  ])("quotes a comment of %s between the answer and the name, in both forms", (_, comment, shown) => {
    const decided = aDecision(created, { option: 0, comment });
    for (const form of ["full", "plain"] as const)
      expect(verdictText(created, decided, form).text).toContain(`Approve\n${shown}\nAlice Weber`);
    const long = aDeployQuestion({ message: "m".repeat(16_000), labels: ["Approve", "Later"] });
    expectFits(verdictText(long, aDecision(long, { option: 0, comment })));
    expect(closedOfferText(created, decided).text).toContain(`Approve\n${shown}\nAlice Weber`);
    expectFits(offerText(created, comment));
  });

  it("says which of several long labels was chosen", () => {
    const start = "\u200Bx".repeat(99);
    const alike = aDeployQuestion({ labels: [`${start}a`, `${start}b`] });
    expect(verdictText(alike, aDecision(alike, { option: 1 })).text).toMatch(/\n2\. ⟨U\+200B⟩x.*…\nAlice/);
  });

  it("quotes a typed answer", () => {
    const input = aDeployQuestion({ labels: [] });
    expect(verdictText(input, aDecision(input, { text: "ship it" })).text).toContain("ship it\nAlice Weber");
  });
});
