import { type RequestDetails } from "@loopgate/contracts";
import { isGroupChat } from "@loopgate/settings/telegram";
import { Unavailable } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Logger } from "@loopgate/runtime";
import type { Api } from "grammy";
import type { CommandName, IncomingCommand } from "./updates/incoming.ts";
import { chatOf, type MovedChats } from "./moved-chats.ts";
import type { OpenQuestions } from "../../open-questions.ts";
import { questionList } from "./rendering/question-list.ts";
import type { Reply } from "./rendering/replies.ts";

export interface CommandContext {
  readonly moves: MovedChats;
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

/** Sets the menu that Telegram shows for "/". Best effort: the commands work without it. */
export async function offerCommands({ api, logger }: { readonly api: Api; readonly logger: Logger }) {
  const commands = Object.entries(descriptions).map(([command, description]) => ({ command, description }));
  await api.setMyCommands(commands).catch((error: unknown) => {
    logger.debug({ err: error }, "the command menu could not be set");
  });
}

/** Answers a command with what its sender may know. To a stranger that is only the id of the chat. */
export async function answerCommand(
  { moves, openQuestions, policies }: CommandContext,
  asked: IncomingCommand,
): Promise<Reply> {
  if (asked.command === "help") return say(help);
  if (asked.command === "start") return say(startText(asked));
  const names = await moves.namesOf(asked.endpoint);
  const all = policies();
  if (!all.some((policy) => names.some((name) => policy.allows(name)))) return say(stranger);
  try {
    const { questions, isComplete } = await openQuestions.at(names);
    const mine = questions.filter((one) => isFor(one, names, asked));
    const isKnown =
      mine.length > 0 || all.some((policy) => policy.mayAnswer(names, asked.responder, undefined));
    if (!isKnown) return say(stranger);
    return asked.command === "status"
      ? say(statusText(mine.length, isComplete))
      : { alert: false, ...pendingText(mine, isComplete) };
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

function statusText(count: number, isComplete: boolean): string {
  return `Loopgate works, and you may answer in this chat. ${countOf(count, isComplete)}`;
}

function pendingText(mine: readonly RequestDetails[], isComplete: boolean) {
  if (mine.length === 0) return { text: countOf(0, isComplete) };
  return questionList(countOf(mine.length, isComplete).replace(/\.$/, ":"), mine);
}

function countOf(count: number, isComplete: boolean): string {
  const least = isComplete ? "" : "At least ";
  if (count === 0)
    return isComplete
      ? "No question waits for you here."
      : "None of the oldest questions waits for you here.";
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
