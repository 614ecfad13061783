import { filters, parseRequestSubject, type RequestView } from "@loopgate/contracts";
import { deadLetters, type EventLog } from "@loopgate/bus";
import { connectNatsBus } from "@loopgate/bus/nats";
import { FakeTelegram, person, type ShownMessage } from "@loopgate/testing";
import { expect } from "vitest";
import { it as distributed } from "../harness/it.ts";
import { callTool, viewFrom } from "../harness/call.ts";
import { runLoopgate } from "../harness/command.ts";
import {
  type DeployedService,
  type Deployment,
  type ServiceName,
  startDeployment,
} from "../harness/deployment.ts";
import { telegramEnvironment } from "../harness/loopgate.ts";
import {
  hasPreviousRelease,
  installPreviousRelease,
  type PreviousRelease,
} from "../harness/previous-release.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";

// No call is repeated with its idempotency key at the other release: since this release, keys are scoped to their
// callers, so the two releases derive different request ids from one key.

const it = (await hasPreviousRelease()) ? distributed : distributed.skip;

type Release = "old" | "new";
const releases: readonly Release[] = ["old", "new"];
const otherThan = { old: "new", new: "old" } as const;

/** Each gateway asks in a chat of its own: the fewer messages in a chat, the less its send rate delays them. */
const chatOf = { old: 8, new: 9 } as const;
const environment = { TELEGRAM_ALLOWED_CHATS: "8,9", LOOPGATE_MIN_TIMEOUT_SECONDS: "1" };
const retentionMs = 90 * 86_400_000;

it("services of the previous release and of this one work together, in every pairing", async () => {
  await using telegram = await FakeTelegram.start(botToken);
  await using deployment = await startDeployment({ apiRoot: telegram.apiRoot, environment });
  await using previous = await installPreviousRelease();
  const mixed = new MixedDeployment(telegram, deployment, previous);
  const agents = new Agents(mixed, telegram);

  await Promise.all([
    mixed.replace("gateway", "old"),
    mixed.replace("notifier", "old"),
    mixed.replace("state", "old"),
  ]);
  expect(await runLoopgate(["bootstrap"], { NATS_URL: deployment.nats.url })).toMatchObject({ code: 0 });
  await mixed.replace("gateway", "new");
  await agents.registerSessions();

  await agents.work("old notifier, old state");
  expect(await mixed.listAll()).toEqual({ status: 503 });
  await mixed.replace("state", "new");
  await agents.work("old notifier, new state");
  await mixed.replace("notifier", "new");
  await agents.work("new notifier, new state");
  const { nats, database } = deployment;
  const environmentOfRebuild = { NATS_URL: nats.url, MONGODB_URI: database };
  expect(await runLoopgate(["rebuild"], environmentOfRebuild)).toMatchObject({ code: 0 });
  const everything = { status: 200, ids: agents.asked.toSorted() };
  await expect.poll(() => mixed.listAll()).toEqual(everything);
  await mixed.replace("state", "old");
  await agents.work("new notifier, old state");
  // A rollback: the previous release starts on what this one has stored.
  await Promise.all([mixed.replace("gateway", "old"), mixed.replace("notifier", "old")]);
  await agents.work("old notifier, old state, after the upgrade");
  await agents.endOpen();

  await expect.poll(() => questionsIn(telegram).filter(({ text }) => !hasEnded(text))).toEqual([]);
  const shown = questionsIn(telegram).map(({ text }) => keyOn(text));
  expect(shown).toEqual([...new Set(shown)]);
  expect(telegram.held).toEqual([]);
  await using bus = await connectNatsBus({ servers: deployment.nats.url, name: "reader", retentionMs });
  expect(await requestsIn(bus.log, filters.created)).toEqual(agents.asked.toSorted());
  expect(await requestsIn(bus.log, filters.decided)).toEqual(agents.asked.toSorted());
  expect(await Array.fromAsync(deadLetters(bus.log))).toEqual([]);
  await mixed.expectCleanShutdown();
}, 240_000);

/** A gateway of each release, and one notifier and one state service, each of either release. */
class MixedDeployment {
  readonly #telegram: FakeTelegram;
  readonly #deployment: Deployment;
  readonly #previous: PreviousRelease;
  readonly #running = new Map<string, DeployedService>();
  readonly #started: DeployedService[] = [];

  constructor(telegram: FakeTelegram, deployment: Deployment, previous: PreviousRelease) {
    this.#telegram = telegram;
    this.#deployment = deployment;
    this.#previous = previous;
  }

  gateway(release: Release): string {
    return this.#running.get(`gateway ${release}`)!.url;
  }

  /** Starts the new replica, then stops the one that it replaces, as docs/operations.md says. */
  async replace(service: ServiceName, release: Release): Promise<void> {
    const role = service === "gateway" ? `gateway ${release}` : service;
    const before = this.#running.get(role);
    const started = await this.#start(service, release);
    this.#started.push(started);
    this.#running.set(role, started);
    if (before !== undefined) expect(await before.stop()).toBe(0);
  }

  /** What the new gateway lists by a filter that the previous release does not know. */
  async listAll(): Promise<{ readonly status: number; readonly ids?: readonly string[] }> {
    const query = "status=pending,decided,expired,cancelled&limit=100";
    const response = await fetch(`${this.gateway("new")}/v1/requests?${query}`);
    if (!response.ok) return { status: response.status };
    const { data } = (await response.json()) as { readonly data: readonly RequestView[] };
    return { status: 200, ids: data.map(({ request_id }) => request_id).toSorted() };
  }

  #start(service: ServiceName, release: Release): Promise<DeployedService> {
    if (release === "new") return this.#deployment.start(service);
    const { nats, database } = this.#deployment;
    return this.#previous.start(service, {
      ...telegramEnvironment(this.#telegram.apiRoot),
      NATS_URL: nats.url,
      MONGODB_URI: database,
      ...environment,
    });
  }

  /**
   * Stops everything. No process, including those that were replaced, has logged a warning or an error, but for questions
   * that were put off: a notifier that is replaced ends what it sends.
   */
  async expectCleanShutdown(): Promise<void> {
    for (const service of this.#running.values()) expect(await service.stop()).toBe(0);
    const outputs = this.#started.map((service) => service.output().trim().split("\n"));
    for (const lines of outputs) expect(lines).toContainEqual(expect.stringContaining('"ready"'));
    const isExpected = /"level":"(info|debug)"|"kind":"(transient|throttled)".*"a question was not sent"/;
    expect(outputs.flat().filter((line) => !isExpected.test(line))).toEqual([]);
  }
}

/** Questions that are asked before a service is replaced and end after. */
interface OpenQuestions {
  readonly release: Release;
  readonly typed: RequestView;
  readonly silent: RequestView;
}

/** Agents at both gateways, and the people whom they ask. */
class Agents {
  /** The ids of all requests. */
  readonly asked: string[] = [];
  readonly #mixed: MixedDeployment;
  readonly #telegram: FakeTelegram;
  #open: readonly OpenQuestions[] = [];
  #lastKey = 0;

  constructor(mixed: MixedDeployment, telegram: FakeTelegram) {
    this.#mixed = mixed;
    this.#telegram = telegram;
  }

  /** Each gateway asks in a session that was registered at the other one. */
  async registerSessions(): Promise<void> {
    for (const release of releases) {
      const response = await fetch(`${this.#mixed.gateway(otherThan[release])}/hitl/register`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ session_id: release, client_id: "agents", telegram_id: chatOf[release] }),
      });
      expect(response.status).toBe(200);
    }
  }

  /** Ends the questions that are open, asks and ends others, and leaves new ones open. */
  async work(pairing: string): Promise<void> {
    const questions = releases.map((release) => this.#askAndEnd(release, pairing));
    await Promise.all([this.endOpen(), ...questions]);
    this.#open = await Promise.all(releases.map((release) => this.#leaveOpen(release, pairing)));
  }

  async #leaveOpen(release: Release, pairing: string): Promise<OpenQuestions> {
    const [typed, silent] = await Promise.all([
      this.#ask(release, { client_id: pairing, request_type: "input" }),
      this.#ask(release, { client_id: pairing, timeout_seconds: 6 }),
    ]);
    await this.#messageOf(typed.message);
    return { release, typed, silent };
  }

  /** Answers open questions by a typed reply, or lets them expire, and reads how they ended. */
  async endOpen(): Promise<void> {
    await Promise.all(
      this.#open.map(async ({ release, typed, silent }) => {
        const answered = this.#status(otherThan[release], typed, 50);
        this.#telegram.reply(person(chatOf[release]), await this.#messageOf(typed.message), "blue");
        expect(await answered).toMatchObject({ status: "decided", outcome: "answered", response: "blue" });
        const expired = await this.#status(otherThan[release], silent, 50);
        expect(expired).toMatchObject({ status: "expired", approved: false });
        await this.#expectSameAtBoth(typed, silent);
      }),
    );
  }

  /** Asks three questions at a gateway: a person presses a button of one, one is cancelled, one expires. */
  async #askAndEnd(release: Release, pairing: string): Promise<void> {
    const [other, client_id] = [otherThan[release], `${release} gateway, ${pairing}`];
    const message = this.#newMessage();
    const pressed = this.#ask(release, { client_id, message, wait_seconds: 50 });
    const [cancelled, silent] = await Promise.all([
      this.#ask(release, { client_id }),
      this.#ask(release, { client_id, timeout_seconds: 4 }),
    ]);
    const pending = [message, cancelled.message];
    for (const at of releases)
      await expect.poll(() => this.#listed(at, client_id)).toEqual(expect.arrayContaining(pending));

    this.#telegram.press(person(chatOf[release]), await this.#messageOf(message), "Approve");
    const decided = await pressed;
    const decided_by = { id: `telegram:${chatOf[release]}` };
    expect(decided).toMatchObject({ status: "decided", approved: true, decided_by });
    await this.#messageOf(cancelled.message);
    const reason = "not needed any more";
    const { request_id } = cancelled;
    const withdrawn = await viewFrom(this.#mixed.gateway(other), "cancel_request", { request_id, reason });
    expect(withdrawn).toMatchObject({ status: "cancelled", reason });
    expect(await this.#status(other, silent, 50)).toMatchObject({ status: "expired", approved: false });
    await this.#expectSameAtBoth(decided, cancelled, silent);
    for (const at of releases) await expect.poll(() => this.#listed(at, client_id)).toEqual([]);
  }

  async #ask(release: Release, question: Record<string, unknown>): Promise<RequestView> {
    const view = await viewFrom(this.#mixed.gateway(release), "request_human_input", {
      message: this.#newMessage(),
      request_type: "confirmation",
      session_id: release,
      ...question,
    });
    this.asked.push(view.request_id);
    return view;
  }

  #newMessage(): string {
    this.#lastKey += 1;
    return `${textCanary} key-${this.#lastKey}`;
  }

  #status(release: Release, { request_id }: RequestView, wait_seconds = 0): Promise<RequestView> {
    return viewFrom(this.#mixed.gateway(release), "check_request_status", { request_id, wait_seconds });
  }

  /** The message that shows a question, once it is in its chat. */
  async #messageOf(question: string): Promise<ShownMessage> {
    const find = () => questionsIn(this.#telegram).find(({ text }) => keyOn(text) === keyOn(question));
    await expect.poll(find).toBeDefined();
    return find()!;
  }

  /** The messages of a client's pending requests, as a gateway lists them. */
  async #listed(release: Release, client_id: string): Promise<readonly string[]> {
    const page = await callTool(this.#mixed.gateway(release), "list_pending_requests", { client_id });
    const { requests } = page.structuredContent as { readonly requests: readonly RequestView[] };
    return requests.map(({ message }) => message);
  }

  /** Once its delivery is recorded, a decided request no longer changes. */
  async #expectSameAtBoth(...requests: readonly RequestView[]): Promise<void> {
    for (const request of requests) {
      await expect
        .poll(() => this.#status("old", request))
        .toMatchObject({ status: expect.not.stringMatching("pending"), delivery: "delivered" });
      expect(await this.#status("new", request)).toEqual(await this.#status("old", request));
    }
  }
}

/** The messages that show questions: not those that confirm a typed reply. */
const questionsIn = ({ chats }: FakeTelegram): readonly ShownMessage[] =>
  chats.messages.filter(({ text }) => text.includes(textCanary));

/** The key of a question: unique in this test. */
const keyOn = (text: string): string => /key-\d+/.exec(text)?.[0] ?? "";

const hasEnded = (text: string): boolean => /^(✅|⌛|🚫)/u.test(text);

/** The ids of the requests of all events that match, in order. */
async function requestsIn(log: EventLog, filter: string): Promise<readonly string[]> {
  const pages = await Array.fromAsync(log.replay(filter));
  const entries = pages.flatMap((page) => page.entries);
  return entries.map(({ subject }) => parseRequestSubject(subject)?.id ?? subject).toSorted();
}
