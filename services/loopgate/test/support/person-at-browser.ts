import { callRoute, startBrowser } from "@loopgate/testing";
import { startTestEmbedded, type TestEmbedded } from "./embedded.ts";

type Browser = NonNullable<Awaited<ReturnType<typeof startBrowser>>>;
export type Page = Awaited<ReturnType<Browser["newPage"]>>;
type ContextOptions = NonNullable<Parameters<Browser["newContext"]>[0]>;

/** A Loopgate without a bot, whose owner answers in a real browser. */
export interface PersonAtBrowser extends AsyncDisposable {
  readonly embedded: TestEmbedded;
  /** A browser that has been signed in before, at a path of the inbox. Sign-ins are limited: all of these share one. */
  open(path?: string, options?: ContextOptions): Promise<Page>;
  /** A browser that signs in now. */
  signIn(): Promise<Page>;
  /** A browser that is not signed in. */
  visit(address: string, options?: ContextOptions): Promise<Page>;
  closeWindows(): Promise<void>;
}

/** Undefined, after a warning, on a person's machine without a Chromium. */
export async function startPersonAtBrowser(): Promise<PersonAtBrowser | undefined> {
  const parts = new AsyncDisposableStack();
  const browser = await startBrowser();
  if (browser === undefined) return undefined;
  parts.defer(() => browser.close());
  const embedded = parts.use(await startTestEmbedded({ TELEGRAM_BOT_TOKEN: "", TELEGRAM_CHAT_ID: "" }));
  const visit = async (address: string, options: ContextOptions = {}) => {
    const page = await (await browser.newContext({ locale: "en-GB", ...options })).newPage();
    await page.goto(address);
    return page;
  };
  const signIn = async () => {
    const page = await visit(await embedded.newLink());
    await page.getByRole("link", { name: "Settings" }).waitFor();
    return page;
  };
  const first = await signIn();
  const storageState = await first.context().storageState();
  return {
    embedded,
    visit,
    signIn,
    open: async (path = "/", options = {}) => {
      const page = await visit(embedded.url + path, { storageState, ...options });
      await page.getByRole("link", { name: "Settings" }).waitFor();
      return page;
    },
    closeWindows: async () => void (await Promise.all(browser.contexts().map((context) => context.close()))),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Asks as an agent does; resolves with the id. */
export async function ask(url: string, question: object = {}): Promise<string> {
  const body = { message: "Deploy v2?", request_type: "confirmation", client_id: "ci-agent", ...question };
  const reply = await callRoute(url, "POST /v1/requests", { body });
  if (reply.status !== 201) throw new Error(`not asked: ${JSON.stringify(reply.body)}`);
  return String(reply.body["request_id"]);
}

/** The request as an agent sees it. */
export const requestSeenByAgent = async (url: string, id: string) =>
  (await callRoute(url, `GET /v1/requests/${id}`)).body;
