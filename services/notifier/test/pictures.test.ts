import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { drawChat } from "./pictures/draw-chat.ts";
import { scenes } from "./pictures/scenes.ts";

const docs = new URL("../../../docs/", import.meta.url);
const redraw =
  "to draw the pictures anew, run: npm test -- services/notifier/test/pictures.test.ts --update\n";

describe("docs/pictures", () => {
  it.each(Object.entries(scenes))("%s.svg shows what people get to see today", async (name, scene) => {
    const svg = drawChat(scene);
    expect(svg.length).toBeLessThan(30_000);
    await expect(svg, redraw).toMatchFileSnapshot(new URL(`pictures/${name}.svg`, docs).pathname);
  });

  it("are all on the page for people", () => {
    const page = readFileSync(new URL("what-people-see.md", docs), "utf8");
    const shown = [...page.matchAll(/pictures\/([\w-]+\.\w+)/g)].map(([, name]) => name);
    const files = readdirSync(new URL("pictures", docs));
    expect(new Set(shown)).toEqual(new Set(files));
    const drawn = files.filter((name) => name.endsWith(".svg"));
    expect(new Set(drawn)).toEqual(new Set(Object.keys(scenes).map((name) => `${name}.svg`)));
  });
});
