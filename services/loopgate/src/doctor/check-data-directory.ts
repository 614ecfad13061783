import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync, type Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Environment } from "@loopgate/settings";
import { databaseIn, formatProblem, isServed } from "../data-directory.ts";
import { dataDirectoryOf } from "../stdio-proxy/environment.ts";
import { databaseState } from "./database-state.ts";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem } from "./finding.ts";
import { freeSpace } from "./free-space.ts";

/** The directory that holds everything, and the database in it. */
export const checkDataDirectory = (environment: Environment): Check => {
  const path = dataDirectoryOf(environment);
  return {
    subject: "data directory",
    silence: `${path} does not answer: use a local disk, by LOOPGATE_DATA_DIR`,
    look: async () => {
      if (!existsSync(path)) return [absent(path)];
      const stats = statSync(path);
      if (!stats.isDirectory() || !isWritable(path)) return [unusable(path)];
      const state = await database(path);
      const findings = [
        ...ownership(path, stats),
        ...freeSpace(path, statfsSync(path)),
        ...(state.level === "ok" ? [] : [state]),
      ];
      return findings.length > 0 ? findings : [ok(`${path} is yours alone; ${state.message}`)];
    },
  };
};

function absent(path: string): Finding {
  let parent = dirname(path);
  while (!existsSync(parent)) parent = dirname(parent);
  const canBeMade = statSync(parent).isDirectory() && isWritable(parent);
  return canBeMade ? ok(`${path} is made by the first start`) : unusable(path);
}

const unusable = (path: string): Finding =>
  problem(`${path} can't be used: set LOOPGATE_DATA_DIR to a directory that you may write to`);

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function ownership(path: string, { uid, mode }: Stats): readonly Finding[] {
  const own = process.getuid?.() ?? uid;
  if (uid !== own) {
    return [
      problem(
        `${path} belongs to user ${uid}, and you are ${own}: run as that user, or chown -R it to yours`,
      ),
    ];
  }
  const files = readdirSync(path).filter((name) =>
    isOpen(statSync(join(path, name), { throwIfNoEntry: false })),
  );
  const open = [...(isOpen({ mode }) ? [basename(path)] : []), ...files];
  if (open.length === 0) return [];
  return [
    problem(
      `other users may get at ${open.join(", ")}, which may hold questions and answers: chmod 700 ${path}, and 600 what is in it`,
    ),
  ];
}

const isOpen = (stats: Pick<Stats, "mode"> | undefined): boolean => ((stats?.mode ?? 0) & 0o077) !== 0;

/** What a running process has open is its own to look after. */
async function database(path: string): Promise<Finding> {
  const file = databaseIn(path);
  const format = formatProblem(path);
  if (format !== undefined) return problem(format);
  if (!existsSync(file)) return ok("it is empty");
  if (isServed(path)) return ok("its database is in use");
  switch (await databaseState(file)) {
    case "whole":
      return ok("its database is whole");
    case "too_large":
      return ok("its database is too large to be looked through now");
    case "damaged":
      return problem(`${file} is damaged: put a backup in its place, or move it away and begin anew`);
  }
}
