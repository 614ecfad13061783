import { expect, it } from "vitest";
import { languageFor } from "../preferences.ts";
import { routeOf } from "../route.ts";
import { commandsFor } from "../views/start.ts";

const at = (path: string) => routeOf(new URL(path, "http://127.0.0.1:8080"));

it.each([
  ["/", { page: "inbox" }],
  ["/sign-in", { page: "inbox" }],
  ["/settings", { page: "settings" }],
  ["/r/0193-a7f3", { page: "request", id: "0193-a7f3" }],
])("%s is a page", (path, route) => {
  expect(at(path)).toEqual(route);
});

it("the filters of the history are in the address", () => {
  const route = at("/history?end=denied&q=deploy");
  expect(route.page === "history" && Object.fromEntries(route.filters)).toEqual({
    end: "denied",
    q: "deploy",
  });
});

it.each([
  [["de-CH", "en"], "de"],
  [["fr", "de"], "de"],
  [["en-GB", "de"], "en"],
  [["fr"], "en"],
] as const)("a browser with %j reads %s", (tags, language) => {
  expect(languageFor(tags)).toBe(language);
});

it("the commands lead to the address of the page", () => {
  for (const [, command] of commandsFor("http://127.0.0.1:8123", false))
    expect(command).toMatch(/http:\/\/127\.0\.0\.1:8123\/(?:mcp|v1\/requests)/);
});
