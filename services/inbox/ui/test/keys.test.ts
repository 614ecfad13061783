import { describe, expect, it } from "vitest";
import { type Command, type KeyPress, Keys } from "../keys.ts";

const plain = {
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  isTyping: false,
  isOnControl: false,
  isOnRow: false,
};

function commands(
  presses: readonly (string | (Partial<KeyPress> & { readonly key: string }))[],
  areSingleKeysOn = true,
): readonly (Command | undefined)[] {
  const keys = new Keys();
  return presses.map((press) =>
    keys.commandOf({ ...plain, ...(typeof press === "string" ? { key: press } : press) }, areSingleKeysOn),
  );
}

const everyKey = [
  ...Array.from("abcdefghijklmnopqrstuvwxyz0123456789/?"),
  "Enter",
  " ",
  "Escape",
  "ArrowDown",
  "Tab",
];

it("no single key sends an answer, wherever the focus is", () => {
  for (const isTyping of [true, false])
    for (const isOnControl of [true, false])
      for (const isOnRow of [true, false]) {
        const presses = everyKey.map((key) => ({ key, isTyping, isOnControl, isOnRow }));
        expect(commands(presses).filter((command) => command?.kind === "send")).toEqual([]);
      }
});

it("a digit selects, and Ctrl or Command with Enter sends", () => {
  expect(commands(["1", "9", "0"])).toEqual([
    { kind: "select", option: 0 },
    { kind: "select", option: 8 },
    undefined,
  ]);
  expect(
    commands([
      { key: "Enter", ctrlKey: true },
      { key: "Enter", metaKey: true },
    ]),
  ).toEqual([{ kind: "send" }, { kind: "send" }]);
});

it("a key that is held down does nothing", () => {
  const held = everyKey.map((key) => ({ key, repeat: true }));
  expect(commands([...held, { key: "Enter", ctrlKey: true, repeat: true }]).some(Boolean)).toBe(false);
});

describe("while a person types", () => {
  it("letters and digits are text", () => {
    const typed = everyKey.filter((key) => key !== "Escape").map((key) => ({ key, isTyping: true }));
    expect(commands(typed).some(Boolean)).toBe(false);
  });

  it("the answer can be sent, and the field left", () => {
    const presses = [
      { key: "Enter", ctrlKey: true, isTyping: true },
      { key: "Escape", isTyping: true },
    ];
    expect(commands(presses)).toEqual([{ kind: "send" }, { kind: "leave" }]);
  });
});

it("single keys can be switched off; sending, leaving and arrows on the list stay", () => {
  const row = { isOnRow: true, isOnControl: true };
  expect(commands(["j", "1", "g", "i", "?", "Enter"], false).some(Boolean)).toBe(false);
  expect(commands([{ key: "Enter", ctrlKey: true }, "Escape", { key: "ArrowUp", ...row }], false)).toEqual([
    { kind: "send" },
    { kind: "leave" },
    { kind: "move", by: -1 },
  ]);
});

it("g and a letter go to a place, and g is forgotten after any other key", () => {
  expect(commands(["g", "i", "g", "h", "g", "x", "h"])).toEqual([
    undefined,
    { kind: "inbox" },
    undefined,
    { kind: "history" },
    undefined,
    undefined,
    undefined,
  ]);
});

it("leaves Enter to a button or link that has the focus, and browser shortcuts to the browser", () => {
  expect(
    commands([
      { key: "Enter", isOnControl: true },
      { key: "c", ctrlKey: true },
      { key: "j", altKey: true },
    ]),
  ).toEqual([undefined, undefined, undefined]);
});
