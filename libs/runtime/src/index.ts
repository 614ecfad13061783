export { busMetrics } from "./bus-metrics.ts";
export {
  addHealthRoutes,
  checkHealth,
  explainTaken,
  healthVariables,
  type HealthAddress,
  type HealthCheck,
  type HealthReport,
  type HealthServer,
} from "./health.ts";
export { createLogger, requestFields, traceIdOf, type Logger } from "./logger.ts";
export { addMetricsRoute, cachedReading, createMetrics, type Metrics } from "./metrics.ts";
export { runService } from "./run-service.ts";
export { version } from "./version.ts";
