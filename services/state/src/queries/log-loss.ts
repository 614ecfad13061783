import { type CreatedEvent, eventKey, refOf, requestSubject, type Stored } from "@loopgate/contracts";
import { expiry, type RequestSet } from "@loopgate/domain";

/** How to read a set whose question the log has lost: expired, with the reason `log_lost`. Nothing is stored. */
export function expiredByLoss(set: RequestSet, created: Stored<CreatedEvent>): RequestSet {
  const { data } = created.event;
  const ended = expiry(created.event, new Date(data.expires_at));
  const event = { ...ended, data: { ...ended.data, reason: "log_lost" } };
  const subject = requestSubject(refOf(created.event), eventKey.decided);
  const last = Math.max(...Object.values(set).map(({ seq }) => seq));
  return { ...set, decided: { seq: last, subject, event } };
}
