import type { Authenticator, PersonCaller, WebExtension } from "@loopgate/rest";

const person = (
  name: string,
  principals: readonly string[],
  roles: PersonCaller["roles"] = [],
): PersonCaller => ({
  kind: "person",
  tenant: "default",
  id: `p_${name}`,
  name,
  principals,
  roles,
  auth: "local",
});

/** Whom the gateway of these tests knows by the header `person`. */
const people: ReadonlyMap<string, PersonCaller> = new Map([
  ["named", person("named", ["telegram:7"])],
  ["other", person("other", ["telegram:8", "group:deployers"])],
  ["auditor", person("auditor", [], ["auditor"])],
]);

const byHeader: Authenticator = { authenticate: ({ person }) => people.get(String(person)) };
/** Signs people in by the header `person`, in place of an inbox. */
export const extension: WebExtension = {
  authenticator: byHeader,
  addRoutes: (app) => void app.get("/page", { config: { access: ["person"] } }, async () => "a page"),
  addV1Routes: (v1) => void v1.get("/me", { config: { access: ["person"] } }, async () => "me"),
};
