export { createGateway, isLoopback, type Gateway, type GatewayParts } from "./gateway.ts";
export type { GatewaySettings } from "./settings.ts";
