import { h } from "preact";
import type { Me } from "../api.ts";
import type { App } from "../app.ts";
import { el, type View } from "../element.ts";
import { choose, preferences, words } from "../preferences.ts";

/** What a person can choose for this browser, and the ways out. */
export function SettingsPage({ app, me }: { readonly app: App; readonly me: Me }): View {
  const told = words.value;
  const { language, theme, areSingleKeysOn } = preferences.value;
  const languages = { auto: told.automatic, en: "English", de: "Deutsch" } as const;
  const themes = { auto: told.automatic, light: told.light, dark: told.dark } as const;
  return el(
    "article",
    { class: "settings" },
    el("h1", null, told.settings),
    choices(told.language, languages, language, (value) => choose({ language: value })),
    choices(told.theme, themes, theme, (value) => choose({ theme: value })),
    el(
      "label",
      { class: "switch" },
      el("input", {
        type: "checkbox",
        checked: areSingleKeysOn,
        onChange: ({ currentTarget: { checked } }) => choose({ areSingleKeysOn: checked }),
      }),
      el("span", null, told.singleKeys, el("small", null, told.singleKeysHint)),
    ),
    h(Account, { app, me }),
  );
}

/** A group of radio buttons. */
function choices<Value extends string>(
  name: string,
  labels: Readonly<Record<Value, string>>,
  chosen: Value,
  onChoose: (value: Value) => void,
): View {
  const values = Object.keys(labels).filter((value): value is Value => value in labels);
  return el(
    "fieldset",
    null,
    el("legend", null, name),
    values.map((value) =>
      el(
        "label",
        { key: value },
        el("input", { type: "radio", name, checked: value === chosen, onChange: () => onChoose(value) }),
        labels[value],
      ),
    ),
  );
}

function Account({ app, me }: { readonly app: App; readonly me: Me }): View {
  const { signedInAs, signOut, signOutEverywhere } = words.value;
  return el(
    "section",
    { class: "account" },
    el("p", null, `${signedInAs} `, el("strong", null, me.name), el("small", null, me.principals.join(", "))),
    el("button", { onClick: () => void app.session.signOut("here") }, signOut),
    el("button", { onClick: () => void app.session.signOut("everywhere") }, signOutEverywhere),
  );
}
