export { busMetrics } from "./bus-metrics.ts";
export { ConfigurationError, listSetting, readConfiguration, type Environment } from "./configuration.ts";
export { checkHealth, type HealthCheck, type HealthReport } from "./health.ts";
export { addHealthRoutes } from "./health-routes.ts";
export { explainTaken, healthVariables, serveHealth, type HealthServer } from "./health-server.ts";
export { createLogger, logLevels, type Logger, type LogLevel } from "./logger.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { addMetricsRoute } from "./metrics-route.ts";
export { requestFields, traceIdOf } from "./request-fields.ts";
export { runService } from "./run-service.ts";
export { sampled } from "./sampled.ts";
export { logSettingsOf, logVariables } from "./settings/log-settings.ts";
export { natsSecrets, natsSettingsOf, natsVariables } from "./settings/nats-settings.ts";
export { settingRule } from "./settings/rule.ts";
export {
  botOf,
  groupNamesResponders,
  outageNoteMsOf,
  recipientPolicyOf,
  requiredBot,
  telegramSecrets,
  telegramVariables,
} from "./settings/telegram-settings.ts";
export { StartRefused } from "./start-refused.ts";
export { version } from "./version.ts";
