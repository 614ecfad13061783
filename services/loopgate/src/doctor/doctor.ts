import { version } from "@loopgate/runtime";
import { type Environment } from "@loopgate/settings";
import { natsOptionsOf } from "../cli/operator-nats.ts";
import { readSettings } from "../settings.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { checkDaemon } from "./check-daemon.ts";
import { checkDataDirectory } from "./check-data-directory.ts";
import { checkHttp } from "./check-http.ts";
import { checkMongodb, mongoUriOf } from "./check-mongodb.ts";
import { checkNats } from "./check-nats.ts";
import { checksOfTelegram } from "./check-telegram.ts";
import type { DoctorOptions } from "./doctor-options.ts";
import { type Check, examine, type Result } from "./examine.ts";
import { ok } from "./finding.ts";
import { readable } from "./readable.ts";
import { readTelegram } from "./telegram-settings.ts";
import { hasMongo, isDistributed } from "./topology.ts";

/** Looks at everything that a Loopgate with this environment depends on, and disturbs nothing of it. */
export function doctor(options: DoctorOptions): Promise<readonly Result[]> {
  const { environment } = options;
  const storage = isDistributed(environment)
    ? from(() => natsOptionsOf(environment), checkNats)
    : [checkDataDirectory(environment), checkDaemon(environment)];
  return examine([
    checkVersion(environment),
    checkConfiguration(environment),
    ...from(() => readSettings(environment), checkHttp),
    ...storage,
    ...(hasMongo(environment) ? from(() => mongoUriOf(environment), checkMongodb) : []),
    ...checksFrom(
      () => readTelegram(environment),
      (settings) => checksOfTelegram(settings, options),
    ),
  ]);
}

/** A check of settings that can be read, whatever is wrong with others. */
const from = <Settings>(read: () => Settings, check: (settings: Settings) => Check): readonly Check[] =>
  checksFrom(read, (settings) => [check(settings)]);

function checksFrom<Settings>(
  read: () => Settings,
  checks: (settings: Settings) => readonly Check[],
): readonly Check[] {
  const settings = readable(read);
  return settings === undefined ? [] : checks(settings);
}

const checkVersion = (environment: Environment): Check => ({
  subject: "loopgate",
  look: async () => {
    const topology = isDistributed(environment)
      ? "services over NATS, because NATS_URL is set"
      : "one process with a data directory";
    return [ok(`version ${version} on Node ${process.versions.node}: ${topology}`)];
  },
});
