import { version } from "@loopgate/runtime";
import { ConfigurationError, type Environment } from "@loopgate/settings";
import { hasMongo, isDistributed, mongoUriOf, natsOptionsOf } from "../distributed-settings.ts";
import { readSettings } from "../settings.ts";
import { type Check, type DoctorOptions, ok, problem, type Result, runChecks } from "./check.ts";
import { checkDaemon } from "./daemon.ts";
import { checkDataDirectory } from "./data-directory.ts";
import { checkHttp } from "./http.ts";
import { checkMongodb } from "./mongodb.ts";
import { checkNats } from "./nats.ts";
import { readTelegram, telegramChecks } from "./telegram.ts";

/** Checks everything that a Loopgate with this environment depends on. Only `sendTest` and `poll` have an effect outside. */
export function doctor(options: DoctorOptions): Promise<readonly Result[]> {
  const { environment } = options;
  const storage = isDistributed(environment)
    ? checksIfReadable(() => [checkNats(natsOptionsOf(environment))])
    : [checkDataDirectory(environment), checkDaemon(environment)];
  return runChecks([
    checkVersion(environment),
    checkConfiguration(environment),
    ...checksIfReadable(() => [checkHttp(readSettings(environment))]),
    ...storage,
    ...(hasMongo(environment) ? checksIfReadable(() => [checkMongodb(mongoUriOf(environment))]) : []),
    ...checksIfReadable(() => telegramChecks(readTelegram(environment), options)),
  ]);
}

/** No checks if their settings can't be read: only {@link checkConfiguration} reports that. */
function checksIfReadable(checks: () => readonly Check[]): readonly Check[] {
  try {
    return checks();
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
      ...problemsOf(() => readSettings(environment)),
      ...(isDistributed(environment) ? problemsOf(() => natsOptionsOf(environment)) : []),
      ...(hasMongo(environment) ? problemsOf(() => mongoUriOf(environment)) : []),
    ]);
    if (problems.size > 0) return [...problems].map(problem);
    return [ok("all settings are valid and consistent")];
  },
});

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}
