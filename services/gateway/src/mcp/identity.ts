/** How this server names itself, in every protocol and revision. */
export const serverInfo = (version: string) => ({ name: "loopgate", title: "Loopgate", version });

/** The tool list never changes during the life of a process. */
export const capabilities = { tools: { listChanged: false } };

/** What a model needs to know to use the tools together. */
export const instructions = [
  "Loopgate asks people. A person may take minutes or hours: request_human_input returns a request_id at once,",
  "and check_request_status returns the answer. With wait_seconds, either call waits for the answer.",
  "Only approved: true is an approval. A missing answer, an expired or cancelled request, and an error are not.",
  "A lost connection does not end a request: call check_request_status with the same request_id; without one, repeat the same call.",
].join(" ");
