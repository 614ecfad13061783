import { readFile } from "node:fs/promises";
import { describe, expect } from "vitest";
import { useSam } from "../support/browser-test.ts";
import { ask, type Page, type PersonAtBrowser } from "../support/person-at-browser.ts";

const it = useSam();

/** Asks and answers; resolves with the id. */
async function decide(sam: PersonAtBrowser, answer: "Approve" | "Deny", message: string): Promise<string> {
  const id = await ask(sam.embedded.url, { message });
  const page = await sam.open(`/r/${id}`);
  await page.getByRole("button", { name: answer }).click();
  await page.locator(".verdict").waitFor();
  return id;
}

const row = (page: Page, id: string) => page.locator(`a[href="/r/${id}"]`);

it("shows what was decided, by whom and how long it took, and filters it by the address", async ({ sam }) => {
  const approved = await decide(sam, "Approve", "Deploy the green version?");
  const denied = await decide(sam, "Deny", "Delete the staging database?");
  const page = await sam.open("/history");
  expect(await row(page, approved).textContent()).toMatch(
    /Approved by Sam.*Deploy the green version\?.*ci-agent.*in the browser · \d+ seconds? after asking/,
  );
  await page.getByRole("link", { name: "Denied", exact: true }).click();
  await expect.poll(() => row(page, approved).count()).toBe(0);
  expect(await row(page, denied).count()).toBe(1);
  expect(new URL(page.url()).search).toBe("?end=denied");
  await page.reload();
  await row(page, denied).waitFor();
  expect(await row(page, approved).count()).toBe(0);
  await page.getByRole("link", { name: "All", exact: true }).click();
  await row(page, approved).waitFor();
});

it("is searched, and says when nothing matches", async ({ sam }) => {
  const id = await decide(sam, "Approve", "Rotate the signing keys?");
  const page = await sam.open("/history");
  await page.keyboard.press("/");
  await page.keyboard.type("signing rotate");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/history?q=signing+rotate");
  await row(page, id).waitFor();
  await page.getByRole("searchbox").fill("nothing has this");
  await page.keyboard.press("Enter");
  await page.getByText("No decisions match.").waitFor();
  await page.getByRole("link", { name: "Clear the filters" }).click();
  await row(page, id).waitFor();
});

describe("is exported as it is filtered", () => {
  const exported = async (page: Page, format: string) => {
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: `Export ${format}` }).click();
    return readFile(await (await downloading).path(), "utf8");
  };

  it("as JSON Lines and as CSV", async ({ sam }) => {
    const id = await decide(sam, "Deny", "=Pay the invoice?");
    await decide(sam, "Approve", "Pay another invoice?");
    const page = await sam.open("/history?end=denied&q=invoice");
    await row(page, id).waitFor();
    const lines = (await exported(page, "JSONL")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { request_id: id, outcome: "denied", message: "=Pay the invoice?" },
    ]);
    expect(await exported(page, "CSV")).toContain(
      `"${id}","decided","denied","ci-agent","default","'=Pay the invoice?"`,
    );
  });
});

it("the settings are kept: language, colours, and shortcuts switched off", async ({ sam }) => {
  const page = await sam.open("/settings");
  await page.getByLabel("Dark").check();
  await page.getByLabel("Shortcuts with single keys").uncheck();
  await page.getByLabel("Deutsch").check();
  await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
  expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(22, 22, 21)");
  expect(await page.evaluate("document.documentElement.lang")).toBe("de");
  await page.keyboard.press("?");
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  expect(await page.getByRole("dialog").count()).toBe(0);
  expect(new URL(page.url()).pathname).toBe("/settings");
});
