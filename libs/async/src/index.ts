export { AutoResetEvent } from "./auto-reset-event.ts";
export { backOff } from "./back-off.ts";
export { ConcurrentDisposables } from "./concurrent-disposables.ts";
export { pollUntil } from "./poll-until.ts";
export { FileLimitExceeded, readSmallFile } from "./read-small-file.ts";
export { singleFlight } from "./single-flight.ts";
export { sleep } from "./sleep.ts";
export { watchFile } from "./watch-file.ts";
export { withTimeout } from "./with-timeout.ts";
