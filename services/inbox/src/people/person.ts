import { DEFAULT_TENANT, keyToken } from "@loopgate/contracts";
import { OWNER } from "@loopgate/settings/web";
import { z } from "zod";

/** What a person may do in the inbox. Only being named by a question gives the right to answer it. */
const Role = z.enum(["responder", "auditor", "admin"]);

/** A person, as an operator or this machine names them. */
export const PersonProfile = z.object({
  /** `p_…`; the same person has it for good. */
  id: z.string(),
  tenant: z.string(),
  name: z.string(),
  /** What questions may name this person by: `web:<address>`, `group:<name>`. */
  principals: z.array(z.string()),
  roles: z.array(Role),
});
export type PersonProfile = z.infer<typeof PersonProfile>;

/** Who may sign in, as the bucket `people` keeps it (JSON). */
export const PersonRecord = PersonProfile.extend({
  /** Raised to end all browser sessions of this person. */
  epoch: z.int().min(0),
  /** When an operator took all rights away, if ever: no older code signs in. */
  revoked_at: z.iso.datetime().optional(),
});
export type PersonRecord = z.infer<typeof PersonRecord>;

/** The person whose machine runs everything in one process: sees all, and answers what asks the owner. */
export const ownerProfile = (name: string): PersonProfile => ({
  id: "p_owner",
  tenant: DEFAULT_TENANT,
  name,
  principals: [OWNER],
  roles: ["admin", "auditor", "responder"],
});
/** A person whom an operator invites by address. */
export interface Invitation {
  readonly address: string;
  readonly name?: string | undefined;
  readonly groups?: readonly string[];
}

export const invitedProfile = ({ address, name = address, groups = [] }: Invitation): PersonProfile => {
  const principal = `web:${address.toLowerCase()}`;
  return {
    id: `p_${keyToken(DEFAULT_TENANT, principal)}`,
    tenant: DEFAULT_TENANT,
    name,
    principals: [principal, ...groups.map((group) => `group:${group}`)],
    roles: ["responder"],
  };
};
