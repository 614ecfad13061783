import axe from "axe-core";
import { describe, expect } from "vitest";
import { useSam } from "../support/browser-test.ts";
import { ask, type Page } from "../support/person-at-browser.ts";

const it = useSam();

/** The rules that the page breaks, and where. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    "axe.run().then(({ violations }) => violations)",
  )) as readonly Violation[];
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

const diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same";
const long = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
const many = Array.from({ length: 12 }, (_, index) => `template ${index}`);

/** Opens each page and brings it into the state that is to be checked. */
const places: Readonly<
  Record<string, (open: (path: string) => Promise<Page>, url: string) => Promise<Page>>
> = {
  "the empty inbox": async (open) => {
    const page = await open("/");
    const nothing = { json: { data: [], next_cursor: null } };
    await page.route("**/v1/requests?*", (route) => route.fulfill(nothing));
    await page.reload();
    await page.getByText("Connect an agent").waitFor();
    return page;
  },
  "the inbox": async (open, url) => {
    const id = await ask(url, { message: "Deploy v3?" });
    const page = await open("/");
    await page.locator(`a[href="/r/${id}"]`).waitFor();
    return page;
  },
  "an approval with facts": async (open, url) => {
    const metadata = { commit: "2fe286a", change: diff, limits: { cpu: 2 } };
    const page = await open(`/r/${await ask(url, { metadata, message: "See https://example.org" })}`);
    await page.getByRole("button", { name: "Approve", disabled: false }).waitFor();
    await page.keyboard.press("1");
    return page;
  },
  "the question about folded lines": async (open, url) => {
    const page = await open(`/r/${await ask(url, { message: long })}`);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("button", { name: "Show them", disabled: false }).waitFor();
    return page;
  },
  "many options": async (open, url) => {
    const page = await open(`/r/${await ask(url, { request_type: "choice", options: many })}`);
    await page.getByRole("button", { name: "template 11", disabled: false }).waitFor();
    return page;
  },
  "a question for words": async (open, url) => {
    const page = await open(`/r/${await ask(url, { request_type: "input" })}`);
    await page.getByRole("button", { name: "Send", disabled: false }).waitFor();
    return page;
  },
  "a verdict": async (open, url) => {
    const page = await open(`/r/${await ask(url)}`);
    await page.getByLabel("Comment for the agent").fill("after six");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "Approved by" }).waitFor();
    return page;
  },
  "an unknown request": async (open) => {
    const page = await open("/r/0193");
    await page.getByText("There is no such question").waitFor();
    return page;
  },
  "the history": async (open) => {
    const page = await open("/history");
    await page.getByRole("searchbox").waitFor();
    return page;
  },
  "the settings": async (open) => {
    const page = await open("/settings");
    await page.getByRole("radio").first().waitFor();
    return page;
  },
  "the shortcuts": async (open) => {
    const page = await open("/");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    return page;
  },
};

const looks = [
  { name: "light, wide", colorScheme: "light", viewport: { width: 1440, height: 900 } },
  { name: "dark, phone", colorScheme: "dark", viewport: { width: 360, height: 740 } },
] as const;

describe.each(looks)("axe finds nothing in $name", ({ colorScheme, viewport }) => {
  const look = { colorScheme, viewport, bypassCSP: true };
  it.for(Object.keys(places))("%s", async (place, { sam }) => {
    const open = (path: string) => sam.open(path, look);
    const page = await places[place]!(open, sam.embedded.url);
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
  });

  it("the sign-in page", async ({ sam }) => {
    const page = await sam.visit(sam.embedded.url, look);
    await page.getByText("./loopgate open").waitFor();
    expect(await violations(page)).toEqual([]);
  });
});
