import { StartupError } from "@loopgate/bus";
import type { Environment } from "@loopgate/settings";
import { Command } from "commander";
import open from "open";
import { z } from "zod";
import { askDaemon } from "../daemon/ask-daemon.ts";
import { dataDirectoryOf } from "../environment.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";

interface OpenFlags {
  readonly print?: true;
}

/**
 * `loopgate open`: signs the owner in to the inbox of the process that serves the data directory. A program that starts it
 * without a terminal gets nothing secret.
 */
export const openCommand = (environment: Environment): Command =>
  new Command("open")
    .description("open the inbox of the Loopgate that runs here in the browser, signed in as its owner")
    .option("--print", "print the link, also where no terminal shows it")
    .action(async ({ print }: OpenFlags) => {
      if (print !== true && !process.stdout.isTTY) throw new StartupError(NO_TERMINAL);
      const link = await linkFrom(environment);
      process.stdout.write(`${link}\n`);
      if (print === true) return;
      process.stderr.write(
        "The link signs in once, within 10 minutes. A browser opens it now, if there is one.\n",
      );
      await openInBrowser(link);
    });

const Reply = z.union([z.object({ link: z.string() }), z.object({ refused: z.string() })]);

async function linkFrom(environment: Environment): Promise<string> {
  const answer = await askDaemon(dataDirectoryOf(environment), handshakeOf(environment, "open"));
  if (answer.kind === "not_running") throw new StartupError(NOT_RUNNING);
  if (answer.kind === "closed") throw new StartupError(CLOSED);
  const reply = Reply.parse(answer.value);
  if ("refused" in reply) throw new StartupError(reply.refused);
  return reply.link;
}

/** Without a browser, the person has the link on the terminal. */
async function openInBrowser(link: string): Promise<void> {
  const browser = await open(link).catch(() => undefined);
  browser?.on("error", () => undefined);
}

const NO_TERMINAL =
  "the link into the inbox is shown on a terminal alone: run ./loopgate open in one, or pass --print";
const NOT_RUNNING =
  "no Loopgate runs with this data directory: run npm start, or ask a question from your AI application, then run this again";
const CLOSED = "the running Loopgate gives no link: it ends, or has another version, so start it again";
