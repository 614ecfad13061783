import { streams, subjectMatches } from "@loopgate/contracts";
import type { BucketName } from "../key-value.ts";

/** The stream that stores a subject, or every subject that a filter matches. */
export function streamOf(subject: string): string {
  const found = Object.values(streams).find(({ subjects }) =>
    subjects.some((stored) => subjectMatches(stored, subject)),
  );
  if (found === undefined) throw new TypeError("no stream stores this subject");
  return found.name;
}

/**
 * The stream that a consumer with these filters reads.
 * @throws TypeError unless all filters belong to one stream.
 */
export function onlyStreamOf(filters: readonly string[]): string {
  const [stream, ...others] = new Set(filters.map(streamOf));
  if (stream === undefined || others.length > 0) throw new TypeError("a consumer reads exactly one stream");
  return stream;
}

/** The bucket's name on the server. The prefix keeps it apart from the buckets of other applications. */
export const bucketName = (name: BucketName): string => `LOOPGATE_${name.toUpperCase()}`;
