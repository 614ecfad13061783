export { inboxVariables, publicUrl } from "./config/inbox-settings.ts";
export { createInbox, type Inbox, inboxBuckets, type InboxOptions } from "./inbox.ts";
export { createInboxServer, type InboxServer, type InboxServerOptions } from "./inbox-server.ts";
export { type Invitation, invitedProfile, ownerProfile } from "./people/person.ts";
export { People } from "./people/people.ts";
export { InboxAddress } from "./sign-in/inbox-address.ts";
export { SignInCodes } from "./sign-in/sign-in-codes.ts";
