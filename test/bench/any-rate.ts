// Imported before a notifier: its sends are not held to Telegram's rates, which would be all that is measured.
import { TokenBucket } from "../../services/notifier/src/channels/telegram/api/token-bucket.ts";

TokenBucket.prototype.take = async () => true;
TokenBucket.prototype.waitMs = () => 0;
