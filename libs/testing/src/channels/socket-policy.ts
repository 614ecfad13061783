import type { Recipient, Session } from "@loopgate/contracts";
import type { RecipientPolicy, RecipientResult } from "@loopgate/domain";

/** What an operator would set: the places of an account, and who may answer at each. */
export interface SocketSettings {
  readonly account: string;
  readonly places: Readonly<Record<string, readonly string[]>>;
}

/** `<place>-at-<account>`, such as `room-at-office`. */
export const socketEndpoint = (account: string, place: string): string => `${place}-at-${account}`;

/** The place of an endpoint of this account; undefined for any other endpoint. */
export const socketPlaceOf = (account: string, endpoint: string): string | undefined =>
  endpoint.endsWith(`-at-${account}`) ? endpoint.slice(0, -`-at-${account}`.length) : undefined;

export const socketResponder = (person: string): string => `socket:${person}`;

/** What these settings allow: the places that they name, and for each the people of its registration or of the settings. */
export const socketPolicy = (settings: SocketSettings): RecipientPolicy => ({
  defaultRecipients: () => ({ kind: "no_default" }),
  recipientAt: (place, people) => recipientAt(settings, place, people),
  allows: (endpoint) => peopleAt(settings, endpoint) !== undefined,
  mayAnswer: (endpoints, principal, session) =>
    endpoints.some((endpoint) => mayAnswer(settings, endpoint, { principal, session })),
  addressOf: (endpoint) => socketPlaceOf(settings.account, endpoint) ?? endpoint,
  isOpen: false,
  settingNames: {
    account: "account",
    defaultRecipient: "places",
    allowedRecipients: "places",
    responders: "places",
  },
});

function recipientAt(
  { account, places }: SocketSettings,
  place: string,
  people: readonly string[],
): RecipientResult {
  const allowed = places[place];
  if (allowed === undefined) return { kind: "not_allowed" };
  const named = people.length > 0 ? people : allowed;
  if (named.length === 0) return { kind: "no_responders" };
  const recipient: Recipient = {
    channel: "socket",
    endpoint: socketEndpoint(account, place),
    responders: named.map(socketResponder),
  };
  return { kind: "recipient", recipient };
}

const peopleAt = ({ account, places }: SocketSettings, endpoint: string): readonly string[] | undefined =>
  places[socketPlaceOf(account, endpoint) ?? ""];

function mayAnswer(
  settings: SocketSettings,
  endpoint: string,
  { principal, session }: { readonly principal: string; readonly session: Session | undefined },
): boolean {
  const people = peopleAt(settings, endpoint);
  if (people === undefined) return false;
  const registered = session?.recipients.find((recipient) => recipient.endpoint === endpoint);
  return (registered?.responders ?? people.map(socketResponder)).includes(principal);
}
