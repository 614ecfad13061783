export { createInbox, type Inbox, inboxBuckets, type InboxOptions } from "./inbox.ts";
export { inboxVariables } from "./config/inbox-settings.ts";
export { ownerProfile } from "./people/person.ts";
