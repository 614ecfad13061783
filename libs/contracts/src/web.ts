/**
 * The one recipient of the web channel: the inbox in the browser. It reads the log, so nothing is sent there, and a
 * question counts as delivered once it is stored.
 */
export const webInbox = { channel: "web", endpoint: "web_inbox" } as const;
