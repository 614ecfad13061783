import type { RequestResource } from "@loopgate/contracts/v1/request";

/** The most requests in one file. */
export const EXPORT_LIMIT = 10_000;

export type ExportFormat = "JSONL" | "CSV";

const columns = [
  "request_id",
  "status",
  "outcome",
  "client_id",
  "session_id",
  "message",
  "response",
  "comment",
  "created_at",
  "decided_at",
] as const satisfies readonly (keyof RequestResource)[];

/** Requests as a file: JSON Lines with every member, or CSV with the columns that a table needs. */
export function fileOf(requests: readonly RequestResource[], format: ExportFormat): string {
  if (format === "JSONL") return requests.map((request) => `${JSON.stringify(request)}\n`).join("");
  const header = [...columns, "decided_by", "channel"];
  const rows = requests.map((request) => [
    ...columns.map((column) => request[column] ?? ""),
    request.decided_by?.name ?? "",
    request.decided_by?.channel ?? "",
  ]);
  return [header, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe in front. */
const cell = (value: string): string =>
  `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
