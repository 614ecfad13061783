/** What tests of other packages need of the notifier: import it as `@loopgate/notifier/testing`, never in a `src` folder. */
export { TokenBucket } from "../src/channels/telegram/api/token-bucket.ts";
