import { describe, expect } from "vitest";
import { useSam } from "../support/browser-test.ts";
import { ask, requestSeenByAgent } from "../support/person-at-browser.ts";

const it = useSam();

it("the first minute: sign in, ask yourself, answer, and see what the agent got", async ({ sam }) => {
  const page = await sam.visit(await sam.embedded.newLink());
  await page.getByRole("button", { name: "Ask yourself a question" }).click();
  expect(new URL(page.url()).hash).toBe("");
  await page.getByRole("button", { name: "Approve" }).click();
  const verdict = page.getByRole("heading", { name: "Approved by Sam" });
  await verdict.waitFor();
  expect(await page.getByText("The agent got").textContent()).toContain("approved: true");
  expect(await page.getByText(/^Recorded at .* The agent was told\.$/).count()).toBe(1);
});

it("the answer and its comment reach the waiting agent", async ({ sam }) => {
  const { url } = sam.embedded;
  const id = await ask(url);
  const waiting = requestSeenByAgent(url, `${id}?wait_seconds=40`);
  const page = await sam.open(`/r/${id}`);
  await page.getByLabel("Comment for the agent").fill("after six, please");
  await page.getByRole("button", { name: "Deny" }).click();
  expect(await waiting).toMatchObject({
    approved: false,
    outcome: "denied",
    comment: "after six, please",
    decided_by: { name: "Sam", channel: "web", auth: "local" },
  });
  await page.getByText("after six, please").waitFor();
});

it("shows what runs if it is approved: the tool, where, and each argument", async ({ sam }) => {
  const { url } = sam.embedded;
  const given = { command: "git push\u202E --force", timeout: 60 };
  const action = {
    tool: "Bash",
    host: "claude-code",
    cwd: "/work/app",
    summary: "Push it",
    arguments: given,
  };
  const page = await sam.open(`/r/${await ask(url, { action })}`);
  const runs = page.locator("section", { has: page.getByRole("heading", { name: "Runs if approved" }) });
  await runs.waitFor();
  expect(await runs.locator("p").allTextContents()).toEqual(["Bash", "claude-code", "/work/app", "Push it"]);
  expect(await runs.locator("tr").allTextContents()).toEqual([
    "commandgit push⟨U+202E⟩ --force",
    "timeout60",
  ]);
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByRole("heading", { name: "Denied by Sam" }).waitFor();
});

it("a typed answer is taken to the letter", async ({ sam }) => {
  const { url } = sam.embedded;
  const id = await ask(url, { request_type: "input", message: "What shall I write?" });
  const page = await sam.open(`/r/${id}`);
  const text = 'Zwei Sätze: "ja" & <nein>.\n  Der zweite.';
  await page.getByLabel("Your answer").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("heading", { name: "Answered by Sam" }).waitFor();
  expect(await requestSeenByAgent(url, id)).toMatchObject({ response: text, approved: null });
});

describe("by keyboard", () => {
  it("a digit selects, Ctrl Enter sends, and the focus goes on to the next question", async ({ sam }) => {
    const { url } = sam.embedded;
    const [id, next] = [await ask(url), await ask(url, { timeout_seconds: 3_000 })];
    const page = await sam.open(`/r/${id}`);
    await page.getByRole("button", { name: "Deny", disabled: false }).waitFor();
    await page.keyboard.press("2");
    await page.getByText("“Deny” is selected.").waitFor();
    expect(await requestSeenByAgent(url, id)).toMatchObject({ status: "pending" });
    await page.keyboard.press("Control+Enter");
    await page.getByRole("heading", { name: "Denied by Sam" }).waitFor();
    await page.locator("a.next:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/r/${next}`);
  });
});

it("an approval of folded lines asks once, and shows them if wished", async ({ sam }) => {
  const { url } = sam.embedded;
  const message = Array.from({ length: 412 }, (_, index) => `migration ${index}`).join("\n");
  const id = await ask(url, { message });
  const page = await sam.open(`/r/${id}`);
  await page.getByText("372 lines are folded.").waitFor();
  expect(await page.getByText("migration 411").count()).toBe(0);
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("372 lines are folded: you have not seen them.").waitFor();
  await page.getByRole("button", { name: "Show them" }).click();
  await page.getByText("migration 411").waitFor();
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("heading", { name: "Approved by Sam" }).waitFor();
});

it("while the network is away the answer is not recorded, says so, and is recorded once afterwards", async ({
  sam,
}) => {
  const { url } = sam.embedded;
  const id = await ask(url);
  const page = await sam.open(`/r/${id}`);
  const keys: (string | undefined)[] = [];
  await page.route("**/decision", (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    return keys.length === 1 ? route.abort() : route.continue();
  });
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("Not recorded yet.").waitFor();
  await page.getByRole("heading", { name: "Approved by Sam" }).waitFor();
  expect(new Set(keys).size).toBe(1);
  const decisions = sam.embedded
    .events()
    .filter(({ type, subject }) => type.includes("decided") && subject === id);
  expect(decisions).toHaveLength(1);
});

it("an answer whose reply was lost is told as recorded, also after a reload", async ({ sam }) => {
  const { url } = sam.embedded;
  const id = await ask(url);
  const page = await sam.open(`/r/${id}`);
  await page.route("**/decision", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("Not recorded yet.").waitFor();
  await page.unroute("**/decision");
  await page.reload();
  await page.getByRole("heading", { name: "Approved by Sam" }).waitFor();
  expect(await requestSeenByAgent(url, id)).toMatchObject({ approved: true });
});

it("a press after another decision is told who was first, and changes nothing", async ({ sam }) => {
  const { url } = sam.embedded;
  const id = await ask(url);
  const [late, first] = [await sam.open(), await sam.open(`/r/${id}`)];
  await late.route("**/v1/events*", (route) => route.abort());
  await late.goto(`${url}/r/${id}`);
  await late.getByRole("button", { name: "Approve", disabled: false }).waitFor();
  await first.getByRole("button", { name: "Deny" }).click();
  await first.getByRole("heading", { name: "Denied by Sam" }).waitFor();
  await late.getByRole("button", { name: "Approve" }).click();
  await late
    .getByText(/^Sam denied this \d+ seconds? before you, in the browser\. Your answer changed nothing\.$/)
    .waitFor();
  expect(await requestSeenByAgent(url, id)).toMatchObject({ approved: false });
});
