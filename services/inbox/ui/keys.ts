/** What a key asks for. `option` counts from 0. */
export type Command =
  | { readonly kind: "move"; readonly by: 1 | -1 }
  | { readonly kind: "select"; readonly option: number }
  | { readonly kind: "open" | "send" | "comment" | "search" | "inbox" | "history" | "legend" | "leave" };

/** A key press, and where it went. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
  /** True in a field that takes text. */
  readonly isTyping: boolean;
  /** True on a button or link, which has a use of its own for Enter. */
  readonly isOnControl: boolean;
  /** True on a row of the list, where the arrows move, too. */
  readonly isOnRow: boolean;
}

/** Reads keys one by one; `g` waits for the next. */
export class Keys {
  #isAfterG = false;

  /**
   * The command of a key press. A single key never decides: digits select an option, and only Ctrl or ⌘ with Enter sends.
   * A key that is held down does nothing.
   */
  commandOf(press: KeyPress, areSingleKeysOn: boolean): Command | undefined {
    const isAfterG = this.#isAfterG;
    this.#isAfterG = false;
    if (press.repeat || press.altKey) return undefined;
    if (press.ctrlKey || press.metaKey) return press.key === "Enter" ? { kind: "send" } : undefined;
    if (press.key === "Escape") return { kind: "leave" };
    if (press.isTyping) return undefined;
    if (press.isOnRow && press.key === "ArrowDown") return { kind: "move", by: 1 };
    if (press.isOnRow && press.key === "ArrowUp") return { kind: "move", by: -1 };
    if (!areSingleKeysOn) return undefined;
    if (isAfterG) return places[press.key];
    this.#isAfterG = press.key === "g";
    if (/^[1-9]$/.test(press.key)) return { kind: "select", option: Number(press.key) - 1 };
    if (press.key === "Enter") return press.isOnControl ? undefined : { kind: "open" };
    return singleKeys[press.key];
  }
}

const singleKeys: Partial<Record<string, Command>> = {
  j: { kind: "move", by: 1 },
  k: { kind: "move", by: -1 },
  c: { kind: "comment" },
  "/": { kind: "search" },
  "?": { kind: "legend" },
};

const places: Partial<Record<string, Command>> = { i: { kind: "inbox" }, h: { kind: "history" } };
