import { Problem } from "@loopgate/contracts";
import { personCallerOf, type V1 } from "@loopgate/rest";
import { z } from "zod";
import type { People } from "./people.ts";

const config = { access: ["person"] } as const;

const Me = z
  .object({
    id: z.string(),
    name: z.string(),
    principals: z.array(z.string()).describe("What questions may name this person by."),
    groups: z.array(z.string()),
    roles: z.array(z.string()),
    auth: z.string().describe("How the person was proved: local, link or oidc."),
  })
  .meta({ id: "Me" });

/** The routes of `/v1` about the person who is signed in. */
export function addMeRoutes(v1: V1, people: People): void {
  v1.get(
    "/me",
    {
      config,
      schema: { operationId: "getMe", summary: "Who is signed in", response: { 200: Me, default: Problem } },
    },
    async (request) => {
      const { id, name, principals, roles, auth } = personCallerOf(request);
      return { id, name, principals: [...principals], groups: groupsIn(principals), roles: [...roles], auth };
    },
  );

  v1.post(
    "/me/sign-out-everywhere",
    {
      config,
      schema: {
        operationId: "signOutEverywhere",
        summary: "Ends every browser session of the person",
        response: { 204: z.null().describe("Signed out."), default: Problem },
      },
    },
    async (request, reply) => {
      await people.endSessions(personCallerOf(request).id);
      return reply.code(204).send(null);
    },
  );
}

const groupsIn = (principals: readonly string[]): string[] =>
  principals
    .filter((principal) => principal.startsWith("group:"))
    .map((group) => group.slice("group:".length));
