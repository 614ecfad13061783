import { type CreatedEvent, eventKey, refOf, requestSubject, type Stored } from "@loopgate/contracts";
import { expiry, type RequestSet } from "@loopgate/domain";

/** The set as it must be read when the log lost its question: ended by time, for the reason `log_lost`. Nothing is stored. */
export function expiredByLoss(set: RequestSet, created: Stored<CreatedEvent>): RequestSet {
  const { data } = created.event;
  const ended = expiry(created.event, new Date(data.expires_at));
  const event = { ...ended, data: { ...ended.data, reason: "log_lost" } };
  const subject = requestSubject(refOf(created.event), eventKey.decided);
  return { ...set, decided: { seq: created.seq, subject, event } };
}
