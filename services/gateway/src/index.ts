export { createGateway, type Gateway, type GatewayOptions } from "./gateway.ts";
export { KeyId } from "./access/key-file.ts";
export { newKey, type NewKey } from "./access/new-key.ts";
export { scopes as keyScopes, type Scope as KeyScope } from "@loopgate/rest";
export {
  gatewaySettingsOf,
  gatewayVariables,
  mayListen,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
  type GatewaySettings,
} from "./config/gateway-settings.ts";
export { stdioCaller, type StdioStream } from "./mcp/stdio-server.ts";
