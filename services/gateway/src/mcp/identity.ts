/** Who this server is, in every protocol and revision. */
export const serverInfo = (version: string) => ({ name: "loopgate", title: "Loopgate", version });

/** The tools never change while a process lives. */
export const capabilities = { tools: { listChanged: false } };

/** How a model gets on with the tools. */
export const instructions = [
  "Loopgate asks people on Telegram. People take minutes or hours: request_human_input returns at once with a request_id,",
  "and check_request_status tells the answer; with wait_seconds it waits for it.",
  "Only approved: true is an approval. No answer, an expired or cancelled request, and an error are none.",
  "After a lost connection the question is still open: check_request_status with the same request_id, or the same call with the same idempotency_key, finds it.",
].join(" ");
