import { join } from "node:path";
import { botIdOf } from "@loopgate/settings/telegram";
import { version } from "@loopgate/runtime";
import type { Environment } from "@loopgate/settings";
import { z } from "zod";
import { askDaemon } from "../daemon/ask-daemon.ts";
import { DaemonReport } from "../daemon/daemon-report.ts";
import { isBotServed, isDirectoryServed } from "../data-directory.ts";
import { dataDirectoryOf, tokenOf } from "../environment.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

/** Whether a process of this user serves the data directory, or the same bot from another one. */
export function servedFrom(environment: Environment): "this_directory" | "another_directory" | "nowhere" {
  if (isDirectoryServed(dataDirectoryOf(environment))) return "this_directory";
  const token = tokenOf(environment);
  const bot = token === undefined ? undefined : botIdOf(token);
  return bot !== undefined && isBotServed(bot, environment) ? "another_directory" : "nowhere";
}

const Reply = z.union([DaemonReport, z.object({ refused: z.string() })]);
type Reply = z.infer<typeof Reply>;

/** Asks the process that serves the data directory for its health. It knows what only the poller of a bot can know. */
export const checkDaemon = (environment: Environment): Check => {
  const directory = dataDirectoryOf(environment);
  const timeoutMessage = `a process has locked the data directory and does not answer: it is starting or ending, so try again; if that does not help, see ${join(directory, "daemon.log")}`;
  return {
    subject: "daemon",
    timeoutMessage,
    run: async () => {
      switch (servedFrom(environment)) {
        case "nowhere":
          return [ok("not running: the first stdio client, or `loopgate serve`, starts it")];
        case "another_directory":
          return [
            problem(
              "another process of this user serves this bot from another data directory: stop it, or set its LOOPGATE_DATA_DIR here",
            ),
          ];
        case "this_directory":
          return findingsIn(await ask(directory, environment)) ?? [problem(timeoutMessage)];
      }
    },
  };
};

/** Undefined if the daemon closes the connection without a reply. */
async function ask(directory: string, environment: Environment): Promise<Reply | undefined> {
  const answer = await askDaemon(directory, handshakeOf(environment, "doctor"));
  return answer.kind === "answer" ? Reply.parse(answer.value) : undefined;
}

function findingsIn(reply: Reply | undefined): readonly Finding[] | undefined {
  if (reply === undefined) return undefined;
  if ("refused" in reply) return [problem(`the last start failed: ${reply.refused}`)];
  const { pid, isForeground, hasSameBot, parts } = reply;
  const findings = Object.entries(parts).flatMap(([name, state]) =>
    state === "ok" ? [] : [problem(`process ${pid} reports a problem with ${name}: ${state}`)],
  );
  if (!hasSameBot) findings.push(warning(otherBot(reply)));
  if (reply.version !== version) {
    findings.push(warning(`process ${pid} has version ${reply.version}, and this is ${version}: restart it`));
  }
  if (findings.length > 0) return findings;
  return [
    ok(`process ${pid} (${isForeground ? "loopgate serve" : "for stdio clients"}) runs without problems`),
  ];
}

const otherBot = ({ pid, isForeground }: DaemonReport): string =>
  `process ${pid} runs with another bot token or API server: ${
    isForeground ? "restart it with these settings" : "the next stdio client with these settings replaces it"
  }`;
