import { Registry } from "prom-client";

/** What one process counts and measures. There is one for each process; whoever counts gets it handed in. */
export type Metrics = Registry;

/** Labels may only take values from a short list of ours: no ids, no chats, no clients, no texts (I9). */
export const createMetrics = (): Metrics => new Registry();
