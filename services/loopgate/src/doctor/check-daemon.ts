import type { Socket } from "node:net";
import { join } from "node:path";
import { version } from "@loopgate/runtime";
import { type Environment } from "@loopgate/settings";
import { linesOf } from "@loopgate/runtime/lines";
import { z } from "zod";
import { DaemonReport } from "../daemon/daemon-report.ts";
import { connectToDaemon } from "../stdio-proxy/daemon-socket.ts";
import { dataDirectoryOf } from "../stdio-proxy/environment.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";
import { whoServes } from "./who-serves.ts";

const Answer = z.union([DaemonReport, z.object({ refused: z.string() })]);

/** The process that serves the data directory, asked how it is: it knows of Telegram what nobody may ask beside it. */
export const checkDaemon = (environment: Environment): Check => {
  const directory = dataDirectoryOf(environment);
  const silence = `a process has the data directory and does not answer: it starts or ends, so try again; else ${join(directory, "daemon.log")} tells why`;
  return {
    subject: "daemon",
    silence,
    look: async () => {
      switch (whoServes(environment)) {
        case "nobody":
          return [ok("none runs: the first front, or `loopgate serve`, starts one")];
        case "another_directory":
          return [
            problem(
              "another process of this user serves this bot from another data directory: stop it, or set its LOOPGATE_DATA_DIR here",
            ),
          ];
        case "this_directory":
          return findingsIn(await ask(directory, environment)) ?? [problem(silence)];
      }
    },
  };
};

/** What the daemon says; undefined if it hangs up without a word. */
async function ask(directory: string, environment: Environment): Promise<z.infer<typeof Answer> | undefined> {
  const socket = await connectToDaemon(directory);
  if (socket === undefined) return undefined;
  try {
    socket.write(`${JSON.stringify(handshakeOf(environment, "doctor"))}\n`);
    return await answerFrom(socket);
  } finally {
    socket.destroy();
  }
}

async function answerFrom(socket: Socket): Promise<z.infer<typeof Answer> | undefined> {
  const { value } = await linesOf(socket).next();
  return typeof value === "string" ? Answer.parse(JSON.parse(value)) : undefined;
}

function findingsIn(answer: z.infer<typeof Answer> | undefined): readonly Finding[] | undefined {
  if (answer === undefined) return undefined;
  if ("refused" in answer) return [problem(`the one that was started last could not: ${answer.refused}`)];
  const { pid, isForeground, hasSameBot, parts } = answer;
  const findings = Object.entries(parts).flatMap(([name, state]) =>
    state === "ok" ? [] : [problem(`process ${pid} says of its ${name}: ${state}`)],
  );
  if (!hasSameBot) findings.push(warning(otherBot(answer)));
  if (answer.version !== version) {
    findings.push(warning(`version ${answer.version} runs, and this is ${version}: restart it`));
  }
  if (findings.length > 0) return findings;
  return [
    ok(`process ${pid} (${isForeground ? "loopgate serve" : "for fronts"}) runs, and all its parts work`),
  ];
}

const otherBot = ({ pid, isForeground }: DaemonReport): string =>
  `process ${pid} runs with another bot token or API server: ${
    isForeground ? "restart it with these settings" : "the next front with these settings replaces it"
  }`;
