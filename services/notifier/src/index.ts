export { bucketsOf } from "./buckets.ts";
export { startNotifier, type Notifier, type NotifierOptions } from "./notifier.ts";
export {
  webhookHasSecret,
  webhookIsHttps,
  webhookOf,
  webhookSecrets,
  webhookVariables,
} from "./webhook-variables.ts";
