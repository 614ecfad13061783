import type { RequestResource } from "@loopgate/contracts/v1/request";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { TimelineEntry } from "../api.ts";
import { type App, telling } from "../app.ts";
import { el, type View } from "../element.ts";
import type { Messages } from "../messages/en.ts";
import { language, words } from "../preferences.ts";
import { nameOf, personOf, placeOf, verdict } from "../request-words.ts";
import { duration, moment } from "../time.ts";

/** What happened to a request, in order; read again whenever the request has changed. */
export function Timeline({
  app,
  request,
}: {
  readonly app: App;
  readonly request: RequestResource;
}): View | null {
  const entries = useSignal<readonly TimelineEntry[]>([]);
  const { request_id: id } = request;
  useEffect(() => {
    void app.api.timeline(id).then((reply) => {
      if (reply.kind === "ok") entries.value = reply.body.data;
    });
  }, [request]);
  if (entries.value.length === 0) return null;
  const { now } = telling(app);
  return el(
    "section",
    { class: "timeline" },
    el("h2", null, words.value.timeline),
    el(
      "ol",
      null,
      entries.value.map((entry, index) =>
        el(
          "li",
          { key: index },
          el("time", { dateTime: entry.at }, moment(entry.at, now, language.value)),
          el("span", null, sentence(entry, request, words.value)),
          el("span", { class: "muted" }, sinceAsking(entry, request)),
        ),
      ),
    ),
  );
}

/** How long after the question; nothing within the first second. */
function sinceAsking({ at }: TimelineEntry, { created_at: asked }: RequestResource): string {
  const ms = Date.parse(at) - Date.parse(asked);
  return ms < 1_000 ? "" : `+ ${duration(ms, language.value)}`;
}

function sentence(
  { type, channel, by, reason }: TimelineEntry,
  request: RequestResource,
  told: Messages,
): string {
  const where = channel === undefined ? "" : placeOf(channel, told);
  if (type === "created") return told.events.created;
  if (type === "delivered") return told.events.delivered(where);
  if (type === "undelivered") return told.events.undelivered(where, nameOf(reason ?? ""));
  if (type === "seen") return told.events.seen(by === undefined ? told.someone : personOf(by, told));
  return [verdict(request, told), ...(by?.channel === undefined ? [] : [placeOf(by.channel, told)])].join(
    " ",
  );
}
