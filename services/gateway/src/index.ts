export { createGateway, type Gateway, type GatewayParts } from "./gateway.ts";
export type { LineStream } from "./mcp/line-connection.ts";
export type { GatewaySettings } from "./settings.ts";
export {
  gatewaySettingsOf,
  gatewayVariables,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
} from "./variables.ts";
