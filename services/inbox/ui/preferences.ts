import { signal } from "@preact/signals";
import { en, type Messages } from "./messages/en.ts";

/** What a person chose for this browser. */
export interface Preferences {
  readonly language: "auto" | "en" | "de";
  readonly theme: "auto" | "light" | "dark";
  readonly areSingleKeysOn: boolean;
}

const NAME = "loopgate.preferences";
const defaults: Preferences = { language: "auto", theme: "auto", areSingleKeysOn: true };

export const preferences = signal<Preferences>(defaults);
/** The words of the chosen language. */
export const words = signal<Messages>(en);
/** For dates and numbers. */
export const language = signal("en");

/** Reads what was chosen, and follows what another tab chooses. */
export async function startPreferences(): Promise<void> {
  addEventListener("storage", ({ key }) => (key === NAME ? void read() : undefined));
  await read();
}

export function choose(change: Partial<Preferences>): void {
  localStorage.setItem(NAME, JSON.stringify({ ...preferences.value, ...change }));
  void read();
}

async function read(): Promise<void> {
  const stored = localStorage.getItem(NAME);
  const chosen: Preferences = { ...defaults, ...(stored === null ? {} : JSON.parse(stored)) };
  preferences.value = chosen;
  const root = document.documentElement;
  root.dataset["theme"] = chosen.theme;
  const wanted = chosen.language === "auto" ? languageFor(navigator.languages) : chosen.language;
  words.value = wanted === "de" ? (await import("./messages/de.ts")).de : en;
  // The region decides how dates look: "en-GB" is not "en-US".
  language.value = navigator.languages.find((tag) => tag.startsWith(wanted)) ?? wanted;
  root.lang = wanted;
}

/** The first of a browser's languages that the pages speak. */
export const languageFor = (tags: readonly string[]): "en" | "de" =>
  tags.map((tag) => tag.slice(0, 2)).find((tag) => tag === "de" || tag === "en") === "de" ? "de" : "en";
