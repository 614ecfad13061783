export {
  ConfigurationError,
  listSetting,
  readableFile,
  readConfiguration,
  readSecretFile,
  secretFileOf,
  unreadable,
  type Environment,
} from "./configuration.ts";
export { logLevels, logSettingsOf, logVariables, type LogLevel } from "./log-settings.ts";
export { certificateHasKey, natsSecrets, natsSettingsOf, natsVariables } from "./nats-settings.ts";
export { isLoopback, serverSettingsOf, serverVariables } from "./server-settings.ts";
export { settingRule } from "./rule.ts";
