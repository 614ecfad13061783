import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect } from "vitest";
import { useSam } from "../support/browser-test.ts";
import { ask, type Page, requestSeenByAgent } from "../support/person-at-browser.ts";

const it = useSam();

/** Another page, on another port of this host: the browser sends it our cookie. */
async function foreignPage(html: string) {
  const server = createServer((_request, response) =>
    response.setHeader("content-type", "text/html").end(html),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Calls a Loopgate in every way that a page can, and shows what it could read in its title. */
const attack = (url: string, id: string, tag: string) => `<!doctype html>
<form method=post enctype=text/plain action="${url}/v1/requests/${id}/decision" target=frame>
<input name='{"option":"Approve","tag":"${tag}","x":"' value='"}'></form><iframe name=frame></iframe>
<script type=module>
document.querySelector("form").submit();
await new Promise((loaded) => document.querySelector("iframe").addEventListener("load", loaded));
const decision = "${url}/v1/requests/${id}/decision";
const body = JSON.stringify({ option: "Approve", tag: "${tag}" });
const headers = { "content-type": "application/json", "loopgate-page-key": "0".repeat(64) };
const calls = [
  [decision, { method: "POST", mode: "no-cors", body }],
  [decision, { method: "POST", headers, body }],
  ["${url}/v1/requests?status=pending", {}],
  ["${url}/v1/me", { mode: "no-cors" }],
  ["${url}/v1/events", { mode: "no-cors" }],
];
const read = await Promise.all(calls.map(([address, init]) =>
  fetch(address, { credentials: "include", ...init }).then((reply) => reply.text(), () => "")));
document.title = "read:" + read.join("");
</script>`;

it("a page on another port decides nothing by a form, text or JSON, and reads nothing (T3)", async ({
  sam,
}) => {
  const { url } = sam.embedded;
  const id = await ask(url);
  const page = await sam.open();
  const cookies: (string | undefined)[] = [];
  const statuses: number[] = [];
  page.on("response", async (response) => {
    if (!response.url().startsWith(`${url}/v1`)) return;
    statuses.push(response.status());
    cookies.push((await response.request().allHeaders())["cookie"]);
  });
  const { tag } = await requestSeenByAgent(url, id);
  await using foreign = await foreignPage(attack(url, id, String(tag)));
  await page.goto(foreign.address);
  await expect.poll(() => page.title()).toBe("read:");
  expect(cookies.filter((cookie) => cookie?.includes("loopgate_") === true).length).toBeGreaterThan(0);
  expect(statuses.filter((status) => status < 400)).toEqual([]);
  expect(await requestSeenByAgent(url, id)).toMatchObject({ status: "pending" });
});

const payloads = [
  '<img src=x onerror="window.__ran=1">',
  "<script>window.__ran=1</script>",
  '"><svg onload=window.__ran=1>',
  "javascript:window.__ran=1",
  "{{constructor.constructor('window.__ran=1')()}}",
  "${window.__ran=1}",
  '<a href="javascript:window.__ran=1">press</a>',
  "<iframe srcdoc='<script>parent.__ran=1</script>'></iframe>",
  "</pre></blockquote><h1>Approved by Alice</h1>",
  "__proto__",
  "<!--",
];

/** Notes what the policy had to stop: an escape that only the policy stops is a fault, too. */
const watchPolicy = (page: Page) =>
  page.addInitScript(
    `window.__reports = [];
    addEventListener("securitypolicyviolation", (event) => window.__reports.push(event.violatedDirective));`,
  );

/** What ran, and what the policy stopped. */
const marksOf = (page: Page) => page.evaluate("[window.__ran, ...window.__reports]");

describe("an agent's text runs nowhere (T4)", () => {
  it.for(payloads)("%s", async (payload, { sam }) => {
    const { url } = sam.embedded;
    const id = await ask(url, {
      message: payload,
      request_type: "choice",
      options: [payload, { label: `${payload} 2`, value: `${payload} 2` }],
      client_id: payload,
      session_id: payload,
      metadata: Object.fromEntries([
        [payload, payload],
        ["nested", { [payload]: [payload] }],
      ]),
    });
    const page = await sam.open();
    await watchPolicy(page);
    await page.goto(`${url}/r/${id}`);
    const message = page.locator("[data-agent-text]").first();
    await message.waitFor();
    expect(await message.textContent()).toBe(payload);
    await page.getByRole("button", { name: payload, exact: true, disabled: false }).click();
    await page.getByRole("heading", { name: "Answered by Sam" }).waitFor();
    await page.getByRole("link", { name: "History" }).click();
    await page.locator(`a[href="/r/${id}"]`).waitFor();
    expect(await marksOf(page)).toEqual([undefined]);
    expect(await page.locator("main iframe, main img, main script, main a[href^=javascript]").count()).toBe(
      0,
    );
  });

  it("and a person's comment does not, either", async ({ sam }) => {
    const { url } = sam.embedded;
    const id = await ask(url);
    const page = await sam.open();
    await watchPolicy(page);
    await page.goto(`${url}/r/${id}`);
    await page.getByLabel("Comment for the agent").fill(payloads.join("\n"));
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator(".verdict blockquote").waitFor();
    expect(await page.locator(".verdict blockquote").textContent()).toBe(payloads.join("\n"));
    expect(await marksOf(page)).toEqual([undefined]);
  });

  it("even text that is written as markup is refused by the policy", async ({ sam }) => {
    const page = await sam.open();
    const refused = await page.evaluate(
      "(() => { try { document.body.innerHTML = '<b>x</b>'; } catch (error) { return error.name; } })()",
    );
    expect(refused).toBe("TypeError");
  });
});

it("a page in a frame stays blank (T5)", async ({ sam }) => {
  const page = await sam.open();
  await using foreign = await foreignPage(`<h1>win a prize</h1><iframe src="${sam.embedded.url}/"></iframe>`);
  await page.goto(foreign.address);
  const frame = page.frames().find((one) => one !== page.mainFrame());
  expect(frame?.url()).toBe("chrome-error://chromewebdata/");
});

it("a window that opened the page can't reach into it (T5)", async ({ sam }) => {
  const page = await sam.open();
  await using foreign = await foreignPage("<p>opener</p>");
  await page.goto(foreign.address);
  const popup = page.waitForEvent("popup");
  await page.evaluate(`window.opened = window.open("${sam.embedded.url}"), undefined`);
  const opened = await popup;
  await opened.getByRole("link", { name: "Settings" }).waitFor();
  expect(await opened.evaluate("window.opener")).toBeNull();
  expect(await page.evaluate("window.opened.closed")).toBe(true);
});

describe("another person's link changes no session (T7)", () => {
  it("a foreign code is taken only if the person wishes so", async ({ sam }) => {
    const page = await sam.open();
    const key = () => page.evaluate("localStorage.getItem('loopgate.page_key')");
    const before = await key();
    await page.goto(await sam.embedded.newLink());
    await page.getByText("You are signed in as Sam.").waitFor();
    await page.getByRole("button", { name: "Stay signed in" }).click();
    await page.getByRole("link", { name: "Settings" }).waitFor();
    expect(await key()).toBe(before);
    expect(new URL(page.url()).hash).toBe("");
  });

  it("a foreign key in the address is not taken", async ({ sam }) => {
    const page = await sam.open();
    const key = () => page.evaluate("localStorage.getItem('loopgate.page_key')");
    const before = await key();
    await page.goto(`${sam.embedded.url}/history#k=${"0".repeat(64)}`);
    await page.reload();
    await page.getByRole("heading", { name: "History" }).waitFor();
    expect(await key()).toBe(before);
  });

  it("a link works once, and the page says what to do", async ({ sam }) => {
    const link = await sam.embedded.newLink();
    await (await sam.visit(link)).getByRole("link", { name: "Settings" }).waitFor();
    const page = await sam.visit(link);
    await page.getByText("This link was used, or is too old.").waitFor();
    await page.getByText("./loopgate open").waitFor();
  });
});

describe("a person who is not signed in", () => {
  it("sees no question, no count and no name", async ({ sam }) => {
    const id = await ask(sam.embedded.url, { message: "a secret question" });
    const page = await sam.visit(`${sam.embedded.url}/r/${id}`);
    await page.getByText("./loopgate open").waitFor();
    expect(await page.title()).toBe("Loopgate");
    expect(await page.content()).not.toMatch(/secret question|Sam|ci-agent/);
  });

  it("is shown nothing any more after signing out, in no tab", async ({ sam }) => {
    const id = await ask(sam.embedded.url, { message: "a secret question" });
    const page = await sam.signIn();
    await page.goto(`${sam.embedded.url}/r/${id}`);
    const other = await page.context().newPage();
    await other.goto(`${sam.embedded.url}/r/${id}`);
    await other.locator("[data-agent-text]").waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    for (const tab of [page, other]) {
      await tab.getByText("./loopgate open").waitFor();
      expect(await tab.content()).not.toContain("secret question");
    }
  });
});
