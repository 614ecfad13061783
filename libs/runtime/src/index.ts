export { ConfigurationError, listSetting, readConfiguration, type Environment } from "./configuration.ts";
export { checkHealth, type HealthCheck, type HealthReport } from "./health.ts";
export { createLogger, logLevels, type Logger, type LogLevel } from "./logger.ts";
export { runService } from "./run-service.ts";
export { StartRefused } from "./start-refused.ts";
