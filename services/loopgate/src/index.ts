export { startEmbedded, type Embedded } from "./embedded.ts";
export { readSettings, type Settings } from "./settings.ts";
