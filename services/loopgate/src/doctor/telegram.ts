import {
  type BotInspection,
  inspectBot,
  type Seen,
  type SeenBot,
  type SeenWebhook,
  webhookSecrets,
  webhookVariables,
} from "@loopgate/notifier";
import { type Environment, readConfiguration } from "@loopgate/settings";
import {
  botOf,
  addressOfPlace,
  isGroupChat,
  telegramRecipientsOf,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/settings/telegram";
import { z } from "zod";
import { isDistributed } from "../distributed-settings.ts";
import { type Check, type DoctorOptions, type Finding, ok, problem, warning } from "./check.ts";
import { valueOf } from "../environment.ts";
import { servedFrom } from "./daemon.ts";
import { callProblem, chatProblem, type Route, TELEGRAM_TIMEOUT } from "./telegram-problems.ts";

const Variables = z.object({ ...telegramVariables, ...webhookVariables });

/** The timeout of one call, in seconds: shorter than a check's, so that the call reports its own failure. */
const CALL_SECONDS = 4;

/**
 * Reads the Telegram settings, which may be valid when others are not. With a token, it returns the bot to inspect.
 * @throws ConfigurationError with every problem at once.
 */
export async function readTelegram(environment: Environment) {
  const read = await readConfiguration(Variables, environment, [...telegramSecrets, ...webhookSecrets]);
  const token = read.TELEGRAM_BOT_TOKEN;
  const bot = token === undefined ? undefined : botOf(token, read, environment);
  return {
    policy: telegramRecipientsOf(read),
    route: { apiRoot: bot?.apiRoot, proxy: bot?.proxy?.host },
    webhookUrl: read.TELEGRAM_WEBHOOK_URL,
    asksInInbox: isDistributed(environment)
      ? valueOf(environment, "LOOPGATE_WEB_RESPONDERS") !== undefined
      : (valueOf(environment, "LOOPGATE_INBOX") ?? "answer") === "answer",
    bot: bot === undefined ? undefined : inspectBot({ ...bot, callSeconds: CALL_SECONDS }),
  };
}

type TelegramSettings = Awaited<ReturnType<typeof readTelegram>>;

/** The bot to check. Its identity is requested once; without it, the checks that need it have no findings. */
interface InspectedBot {
  readonly calls: BotInspection;
  readonly identity: Promise<Seen<SeenBot>>;
  readonly route: Route;
}

/** All checks that ask Telegram. */
export function telegramChecks(settings: TelegramSettings, options: DoctorOptions): readonly Check[] {
  const { policy, webhookUrl, route } = settings;
  const { defaultChat, defaultThread, allowedChats, responders } = policy;
  if (settings.bot === undefined) {
    return [
      settings.asksInInbox
        ? { subject: "bot", run: async () => [ok("none: the inbox in the browser asks")] }
        : warningCheck("bot", "no one can be asked: set TELEGRAM_BOT_TOKEN, which you get from @BotFather"),
    ];
  }
  const bot = {
    calls: settings.bot,
    identity: settings.bot.identify(),
    route,
  };
  const chats = new Set(defaultChat === undefined ? allowedChats : [defaultChat, ...allowedChats]);
  return [
    checkBot(bot),
    checkWebhook(bot, webhookUrl),
    ...(webhookUrl === undefined ? [checkPoller(bot, options)] : []),
    ...(defaultChat === undefined ? [warningCheck("chat", noDefaultChat(allowedChats))] : []),
    ...[...chats].map((chat) =>
      checkChat(bot, { chat, thread: chat === defaultChat ? defaultThread : undefined }, responders.length),
    ),
    ...(options.sendTest ? [checkTestMessage(bot, { chat: defaultChat, thread: defaultThread })] : []),
  ];
}

const warningCheck = (subject: string, message: string): Check => ({
  subject,
  run: async () => [warning(message)],
});

const noDefaultChat = (allowedChats: readonly string[]): string =>
  allowedChats.length > 0
    ? "only registered sessions can ask: set TELEGRAM_CHAT_ID for all others"
    : "only registered sessions can ask, and they may register any chat: set TELEGRAM_CHAT_ID";

const checkBot = ({ identity, route }: InspectedBot): Check => ({
  subject: "bot",
  timeoutMessage: TELEGRAM_TIMEOUT,
  run: async () => {
    const me = await identity;
    if (me.kind !== "answered") return [callProblem(me, route)];
    const through = route.proxy === undefined ? "" : ` through the proxy ${route.proxy}`;
    return [ok(`@${me.value.username} (${me.value.id}) answers${through}`)];
  },
});

/** Whether Telegram delivers updates where the settings say. */
const checkWebhook = ({ calls, identity, route }: InspectedBot, url: string | undefined): Check => ({
  subject: "webhook",
  timeoutMessage: TELEGRAM_TIMEOUT,
  run: async () => {
    if ((await identity).kind !== "answered") return [];
    const seen = await calls.webhook();
    if (seen.kind !== "answered") return [callProblem(seen, route)];
    return [url === undefined ? unwantedWebhook(seen.value) : wantedWebhook(seen.value, url)];
  },
});

function unwantedWebhook({ host, waiting }: SeenWebhook): Finding {
  if (host === undefined) return ok(`none, because Loopgate polls; ${waiting} updates wait at Telegram`);
  return problem(
    `Telegram delivers this bot's updates to ${host}, and Loopgate polls: use another bot for the other application, or delete the webhook (deleteWebhook); the next start deletes a webhook that this Loopgate has set`,
  );
}

function wantedWebhook(webhook: SeenWebhook, url: string): Finding {
  const { host, waiting, failure } = webhook;
  if (host === undefined) return warning("none is set yet: the next start sets it");
  if (!webhook.isAt(url)) {
    return problem(
      `Telegram delivers this bot's updates to ${host}, and not to TELEGRAM_WEBHOOK_URL: a bot works with one Loopgate only, so stop the other one and restart`,
    );
  }
  if (failure === undefined) return ok(`Telegram delivers to ${host}; ${waiting} updates wait there`);
  return problem(
    `Telegram can't deliver to ${host} (${failure}), and ${waiting} updates wait: check that it is reachable from the Internet, and that TELEGRAM_WEBHOOK_SECRET has not changed since the last start`,
  );
}

const POLLER_TIMEOUT_MS = 12_000;

/**
 * Whether another process polls this bot. Telegram tells only pollers, and a poll interrupts the others: a running Loopgate
 * reports it in its own check, and without one the operator decides.
 */
const checkPoller = (
  { calls, identity, route }: InspectedBot,
  { environment, poll }: DoctorOptions,
): Check => ({
  subject: "other pollers",
  timeoutMessage: "Telegram does not answer a poll in time: check the network",
  timeoutMs: POLLER_TIMEOUT_MS,
  run: async () => {
    if ((await identity).kind !== "answered") return [];
    if (isDistributed(environment)) return [ok("the polling notifier reports them at /readyz")];
    if (servedFrom(environment) !== "nowhere") return [ok("the process that serves this bot reports them")];
    if (!poll) return [ok("not checked, because that interrupts them: `loopgate doctor --poll` does")];
    const seen = await calls.lookForPoller();
    if (seen.kind !== "answered") return [callProblem(seen, route)];
    if (seen.value === "no_poller") return [ok("no other process polls this bot")];
    return [problem("another process polls this bot: stop it, or use another bot for it")];
  },
});

interface ChatPlace {
  readonly chat: string;
  readonly thread: string | undefined;
}

/** Whether the bot may write to a chat, and who may answer there. */
const checkChat = (
  { calls, identity, route }: InspectedBot,
  { chat, thread }: ChatPlace,
  responders: number,
): Check => ({
  subject: `chat ${addressOfPlace({ chat, thread })}`,
  timeoutMessage: TELEGRAM_TIMEOUT,
  run: async () => {
    const me = await identity;
    if (me.kind !== "answered") return [];
    const seen = await calls.reach(chat, thread);
    if (seen.kind !== "answered") return [chatProblem(chat, seen, me.value.username, route)];
    if (!isGroupChat(chat)) return [ok("can be asked, and its person may answer")];
    const type = await calls.typeOf(chat);
    if (type.kind === "answered" && type.value === "channel") return [problem(BROADCAST)];
    return [groupFinding(me.value.readsWholeGroups, responders)];
  },
});

function groupFinding(readsWholeGroups: boolean, responders: number): Finding {
  if (responders === 0) {
    return warning(
      "no one may answer in this group: set TELEGRAM_RESPONDER_IDS, or register sessions with responder_ids",
    );
  }
  const privacy = readsWholeGroups
    ? "its privacy mode is off: Telegram sends the bot all messages of the group, which Loopgate does not need"
    : "its privacy mode is on: typed answers count only as replies to the question";
  return ok(`can be asked; ${responders} people may answer; ${privacy}`);
}

const BROADCAST =
  "this is a broadcast channel, whose readers cannot reply: use the id of a group, such as the channel's discussion group";

const TEST_TEXT = "Loopgate can write to this chat. This is a test: nothing needs an answer.";

const checkTestMessage = (
  { calls, identity, route }: InspectedBot,
  { chat: defaultChat, thread }: { readonly [key in keyof ChatPlace]: string | undefined },
): Check => ({
  subject: "test message",
  timeoutMessage: TELEGRAM_TIMEOUT,
  run: async () => {
    if (defaultChat === undefined) return [problem("no chat to send it to: set TELEGRAM_CHAT_ID")];
    const me = await identity;
    if (me.kind !== "answered") return [];
    const seen = await calls.send(defaultChat, TEST_TEXT, thread);
    if (seen.kind === "answered") return [ok(`sent to chat ${defaultChat}`)];
    return [chatProblem(defaultChat, seen, me.value.username, route)];
  },
});
