import { statSync } from "node:fs";
import { mayListen } from "@loopgate/gateway";
import type { Settings } from "../settings.ts";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";

type Keys = NonNullable<Settings["gateway"]["apiKeys"]>;

/** Who can reach the gateway over HTTP, and what they must prove. */
export const checkHttp = ({ listen: { host, port }, gateway }: Settings): Check => ({
  subject: "http",
  look: async () => {
    const address = `${host}:${port}`;
    if (gateway.apiKeys !== undefined) return findingsOn(gateway.apiKeys, address);
    if (mayListen(host, {})) return [ok(`${address} is for this machine alone, and asks for no key`)];
    return [
      warning(
        `whoever reaches ${address} can ask and cancel, because of LOOPGATE_INSECURE: close the network around it, or name keys in LOOPGATE_API_KEYS_FILE`,
      ),
    ];
  },
});

function findingsOn({ path, entries }: Keys, address: string): readonly Finding[] {
  const findings: Finding[] = [];
  const expired = entries.filter(({ expires_at: end }) => end !== undefined && Date.parse(end) <= Date.now());
  if ((statSync(path).mode & 0o022) !== 0) {
    findings.push(problem(`others of this machine may write keys into ${path}: chmod 600 ${path}`));
  }
  if (expired.length === entries.length) {
    findings.push(problem(`no key counts, so that nobody can call: put one into ${path} (\`loopgate key\`)`));
  } else if (expired.length > 0) {
    const ids = expired.map(({ id }) => id).join(", ");
    findings.push(warning(`keys have expired (${ids}): give their holders new ones (\`loopgate key\`)`));
  }
  if (findings.length > 0) return findings;
  return [ok(`${address} is for whoever has one of ${entries.length} keys`)];
}
