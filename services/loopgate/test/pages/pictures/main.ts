// `npm run pictures`: draws the pictures of docs/what-people-see.md that show the inbox.
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  ask,
  type Page,
  type PersonAtBrowser,
  startPersonAtBrowser,
} from "../../support/person-at-browser.ts";

const folder = join(import.meta.dirname, "..", "..", "..", "..", "..", "docs", "pictures");
/** A picture that is larger makes the page slow to read, in bytes. */
const MAX_BYTES = 60_000;

const wide = { viewport: { width: 900, height: 450 } };
const phone = { viewport: { width: 360, height: 620 } };
const dark = { colorScheme: "dark" } as const;
const approve = (page: Page) => page.getByRole("button", { name: "Approve", disabled: false });

const deployment = {
  message: "Deploy v2 of the api to production?\n\nIt takes about 40 seconds.",
  session_id: "deploy",
  metadata: { commit: "2fe286a", tests: "1,204 passed" },
};

/** Each picture, by its name. They are drawn in this order, and what is asked stays. */
const pictures: Readonly<Record<string, (sam: PersonAtBrowser, url: string) => Promise<Page>>> = {
  "inbox-empty": async (sam) => {
    const page = await sam.open("/", wide);
    await page.getByText("Connect an agent").waitFor();
    return page;
  },
  "inbox-approval": async (sam, url) => {
    const choice = { request_type: "choice", options: ["Frankfurt", "Dublin"], timeout_seconds: 7_900 };
    await ask(url, {
      ...choice,
      message: "Which region shall I use?",
      client_id: "research",
      session_id: "eu",
    });
    const page = await sam.open(`/r/${await ask(url, deployment)}`, wide);
    await approve(page).waitFor();
    return page;
  },
  "inbox-phone": async (sam, url) => {
    const page = await sam.open(`/r/${await ask(url, { ...deployment, metadata: undefined })}`, {
      ...phone,
      ...dark,
    });
    await approve(page).waitFor();
    return page;
  },
  "inbox-folded": async (sam, url) => {
    const lines = Array.from({ length: 412 }, (_, index) => `ALTER TABLE orders_${index} ADD COLUMN tax`);
    const page = await sam.open(`/r/${await ask(url, { ...deployment, message: lines.join("\n") })}`, phone);
    await approve(page).click();
    await page.getByRole("button", { name: "Show them", disabled: false }).waitFor();
    return page;
  },
  "inbox-verdict": async (sam, url) => {
    const page = await sam.open(`/r/${await ask(url, { ...deployment, metadata: undefined })}`, phone);
    await page.getByLabel("Comment for the agent").fill("After 18:00, please.");
    await approve(page).click();
    await page.locator(".verdict").waitFor();
    return page;
  },
};

const sam = await startPersonAtBrowser();
if (sam === undefined) process.exit(1);
await mkdir(folder, { recursive: true });
for (const [name, open] of Object.entries(pictures)) {
  const page = await open(sam, sam.embedded.url);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = await stat(path);
  console.log(`${name}.png: ${size} bytes`);
  if (size > MAX_BYTES) process.exitCode = 1;
  await sam.closeWindows();
}
await sam[Symbol.asyncDispose]();
