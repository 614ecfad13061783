// Imported before a notifier: its sends are not held to Telegram's rates, which would be all that is measured.
import { TokenBucket } from "@loopgate/notifier/testing";

TokenBucket.prototype.take = async () => true;
TokenBucket.prototype.waitMs = () => 0;
