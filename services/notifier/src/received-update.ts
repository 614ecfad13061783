import type { LogEntry } from "@loopgate/contracts";

/** The update that a channel stored; undefined for an entry of another type or shape. */
export const updateIn = ({ known }: LogEntry): unknown =>
  known?.type === "loopgate.channel.received.v1" ? known.data.update : undefined;
