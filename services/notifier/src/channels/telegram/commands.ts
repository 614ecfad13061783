import { isGroupChat, type RequestDetails } from "@loopgate/contracts";
import { type Bucket, Unavailable } from "@loopgate/bus";
import { isStillAllowed, type RecipientPolicy } from "@loopgate/domain";
import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import type { CommandName, IncomingCommand } from "./updates/incoming.ts";
import { chatOf, isAllowedUnder, namesOf } from "./moved-chats.ts";
import type { OpenQuestions } from "../../outage/open-questions.ts";
import { questionList } from "./rendering/question-list.ts";
import type { Reply } from "./rendering/replies.ts";

export interface CommandParts {
  readonly channels: Bucket;
  readonly openQuestions: OpenQuestions;
  readonly policies: () => readonly RecipientPolicy[];
}

const descriptions: Readonly<Record<CommandName, string>> = {
  pending: "the questions that wait for you here",
  status: "whether Loopgate works, and for whom",
  help: "how to answer",
  start: "the id of this chat",
};

const help = [
  "AI agents ask people here through Loopgate.",
  "To answer, press a button under the question, or, where there are none, reply to its message with your text. Your answer counts when the message changes.",
  ...Object.entries(descriptions).map(([name, description]) => `/${name} – ${description}`),
].join("\n");

const stranger = "Nothing here is for you to see. /start tells the id of this chat.";
const noAnswer = "I can't look up the open questions right now. Please try again in a moment.";

/** Fills the menu that Telegram offers behind "/". Best effort: the commands work without it. */
export async function offerCommands({ api, logger }: { readonly api: Api; readonly logger: Logger }) {
  const commands = Object.entries(descriptions).map(([command, description]) => ({ command, description }));
  await api.setMyCommands(commands).catch((error: unknown) => {
    logger.debug({ err: error }, "the command menu could not be set");
  });
}

/** Answers a command with what its sender may know: a stranger learns the id of the chat and nothing else. */
export async function answerCommand(parts: CommandParts, asked: IncomingCommand): Promise<Reply> {
  if (asked.command === "help") return say(help);
  if (asked.command === "start") return say(startText(asked));
  const names = await namesOf(parts.channels, asked.endpoint);
  const policies = parts.policies();
  if (!isAllowedUnder(names, policies)) return say(stranger);
  try {
    const { questions, isWhole } = await parts.openQuestions.in(names);
    const mine = questions.filter((one) => isFor(one, names, asked));
    const isKnown =
      mine.length > 0 || policies.some((one) => isStillAllowed(one, names, asked.responder, undefined));
    if (!isKnown) return say(stranger);
    return asked.command === "status"
      ? say(statusText(mine.length, isWhole))
      : { alert: false, ...pendingText(mine, isWhole) };
  } catch (error) {
    if (error instanceof Unavailable) return say(noAnswer);
    throw error;
  }
}

const say = (text: string): Reply => ({ text, alert: false });

function startText({ chat, responder }: IncomingCommand): string {
  const person = isGroupChat(chat) ? ` Your own id is ${responder.replace(/^.*:/, "")}.` : "";
  return `The id of this chat is ${chat}.${person} Once Loopgate is told to ask here, your agents' questions appear.`;
}

function statusText(count: number, isWhole: boolean): string {
  return `Loopgate works, and you may answer in this chat. ${countOf(count, isWhole)}`;
}

function pendingText(mine: readonly RequestDetails[], isWhole: boolean) {
  if (mine.length === 0) return { text: countOf(0, isWhole) };
  return questionList(countOf(mine.length, isWhole).replace(/\.$/, ":"), mine);
}

function countOf(count: number, isWhole: boolean): string {
  const least = isWhole ? "" : "At least ";
  if (count === 0)
    return isWhole ? "No question waits for you here." : "None of the oldest questions waits for you here.";
  return `${least}${count === 1 ? "1 question waits" : `${count} questions wait`} for you here.`;
}

const isFor = (
  { recipients }: RequestDetails,
  names: readonly string[],
  { responder }: IncomingCommand,
): boolean =>
  recipients.some(
    ({ endpoint, responders }) => names.includes(chatOf(endpoint)) && responders.includes(responder),
  );
