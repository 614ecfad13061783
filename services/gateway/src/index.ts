export { createGateway, type Gateway, type GatewayParts } from "./gateway.ts";
export { KeyId, keyScopes, type KeyScope } from "./keys/key-file.ts";
export { newKey, type NewKey } from "./keys/new-key.ts";
export { mayListen } from "./may-listen.ts";
export type { LineStream } from "./mcp/line-connection.ts";
export type { GatewaySettings } from "./settings.ts";
export {
  gatewaySettingsOf,
  gatewayVariables,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
} from "./variables.ts";
