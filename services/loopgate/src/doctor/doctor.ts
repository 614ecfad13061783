import { version } from "@loopgate/runtime";
import { ConfigurationError, type Environment } from "@loopgate/settings";
import { hasMongo, isDistributed, mongoUriOf, natsOptionsOf } from "../distributed-settings.ts";
import { readSettings, type Settings } from "../settings.ts";
import { type Check, type DoctorOptions, ok, problem, type Result, runChecks } from "./check.ts";
import { checkDaemon } from "./daemon.ts";
import { checkDataDirectory } from "./data-directory.ts";
import { checkHttp } from "./http.ts";
import { checkInbox } from "./inbox.ts";
import { checkMongodb } from "./mongodb.ts";
import { checkNats } from "./nats.ts";
import { readTelegram, telegramChecks } from "./telegram.ts";

/** Checks everything that a Loopgate with this environment depends on. Only `sendTest` and `poll` have an effect outside. */
export async function doctor(options: DoctorOptions): Promise<readonly Result[]> {
  const { environment } = options;
  const storage = isDistributed(environment)
    ? await checksIfReadable(async () => [checkNats(await natsOptionsOf(environment))])
    : [checkDataDirectory(environment), checkDaemon(environment)];
  return runChecks([
    checkVersion(environment),
    checkConfiguration(environment),
    ...(await checksIfReadable(async () => checksOfServer(await readSettings(environment), environment))),
    ...storage,
    ...(hasMongo(environment)
      ? await checksIfReadable(async () => [checkMongodb(await mongoUriOf(environment))])
      : []),
    ...(await checksIfReadable(async () => telegramChecks(await readTelegram(environment), options))),
  ]);
}

/** Over NATS, the inbox is a service of its own, with settings of its own. */
const checksOfServer = (settings: Settings, environment: Environment): readonly Check[] =>
  isDistributed(environment) ? [checkHttp(settings)] : [checkHttp(settings), checkInbox(settings)];

/** No checks if their settings can't be read: only {@link checkConfiguration} reports that. */
async function checksIfReadable(checks: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await checks();
  } catch (error) {
    if (error instanceof ConfigurationError) return [];
    throw error;
  }
}

const checkVersion = (environment: Environment): Check => ({
  subject: "loopgate",
  run: async () => {
    const topology = isDistributed(environment)
      ? "services over NATS, because NATS_URL is set"
      : "one process with a data directory";
    return [ok(`version ${version} on Node ${process.versions.node}: ${topology}`)];
  },
});

/** Reads the settings as a start does. */
const checkConfiguration = (environment: Environment): Check => ({
  subject: "configuration",
  run: async () => {
    const problems = new Set([
      ...(await problemsOf(() => readSettings(environment))),
      ...(isDistributed(environment) ? await problemsOf(() => natsOptionsOf(environment)) : []),
      ...(hasMongo(environment) ? await problemsOf(() => mongoUriOf(environment)) : []),
    ]);
    if (problems.size > 0) return [...problems].map(problem);
    return [ok("all settings are valid and consistent")];
  },
});

async function problemsOf(read: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await read();
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}
