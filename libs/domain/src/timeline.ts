import type { DecidedBy, RequestEvent, TimelineEntry } from "@loopgate/contracts";
import { recipientsOf } from "./decisions.ts";
import type { RequestSet } from "./request-set.ts";

/** What happened to a request, in the order in which the log stored it. */
export function timelineOf(set: RequestSet): readonly TimelineEntry[] {
  const channels = new Map(recipientsOf(set).map(({ endpoint, channel }) => [endpoint, channel]));
  return Object.values(set)
    .toSorted((one, other) => one.seq - other.seq)
    .map(({ event }) => entryOf(event, channels));
}

function entryOf(event: RequestEvent, channels: ReadonlyMap<string, string>): TimelineEntry {
  const { time: at } = event;
  switch (event.type) {
    case "loopgate.request.created.v1":
      return { type: "created", at };
    case "loopgate.request.delivered.v1":
      return { type: "delivered", at, ...placeOf(event.data.endpoint, channels) };
    case "loopgate.request.undelivered.v1": {
      const { endpoint, reason } = event.data;
      return { type: "undelivered", at, ...placeOf(endpoint, channels), reason };
    }
    case "loopgate.request.seen.v1": {
      const { person, name, channel } = event.data;
      return { type: "seen", at, channel, by: { type: "human", name, channel, person } };
    }
    case "loopgate.request.decided.v1": {
      const { data } = event;
      const reason = data.kind === "answered" ? undefined : data.reason;
      return {
        type: "decided",
        at,
        ...channelOf(data.by),
        by: data.by,
        ...(reason === undefined ? {} : { reason }),
      };
    }
  }
}

function placeOf(endpoint: string, channels: ReadonlyMap<string, string>) {
  const channel = channels.get(endpoint);
  return { endpoint, ...(channel === undefined ? {} : { channel }) };
}

const channelOf = ({ channel }: DecidedBy) => (channel === undefined ? {} : { channel });
