export { createGateway, type Gateway, type GatewayParts } from "./gateway.ts";
export { KeyId, keyScopes, type KeyScope } from "./access/key-file.ts";
export { newKey, type NewKey } from "./access/new-key.ts";
export { mayListen } from "./config/may-listen.ts";
export type { StdioStream } from "./mcp/stdio-connection.ts";
export type { GatewaySettings } from "./config/gateway-settings.ts";
export {
  gatewaySettingsOf,
  gatewayVariables,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
} from "./config/variables.ts";
