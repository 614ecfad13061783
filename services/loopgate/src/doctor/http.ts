import { statSync } from "node:fs";
import { mayListen } from "@loopgate/gateway";
import type { Settings } from "../settings.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

type Keys = NonNullable<Settings["gateway"]["apiKeys"]>;

/** Who can call the gateway over HTTP, and with which credentials. */
export const checkHttp = ({ listen: { host, port }, gateway }: Settings): Check => ({
  subject: "http",
  run: async () => {
    const address = `${host}:${port}`;
    if (gateway.apiKeys !== undefined) return keyFindings(gateway.apiKeys, address);
    if (mayListen(host, {})) return [ok(`only this machine can reach ${address}, and it needs no key`)];
    return [
      warning(
        `everyone who can reach ${address} can ask and cancel, because LOOPGATE_INSECURE is set: restrict the network, or set LOOPGATE_API_KEYS_FILE`,
      ),
    ];
  },
});

function keyFindings({ path, entries }: Keys, address: string): readonly Finding[] {
  const findings: Finding[] = [];
  const expired = entries.filter(({ expires_at: end }) => end !== undefined && Date.parse(end) <= Date.now());
  if ((statSync(path).mode & 0o022) !== 0) {
    findings.push(problem(`other users of this machine can add keys to ${path}: chmod 600 ${path}`));
  }
  if (expired.length === entries.length) {
    findings.push(problem(`${path} has no valid key, so all calls are refused: add one (\`loopgate key\`)`));
  } else if (expired.length > 0) {
    const ids = expired.map(({ id }) => id).join(", ");
    findings.push(warning(`keys have expired (${ids}): give their owners new ones (\`loopgate key\`)`));
  }
  if (findings.length > 0) return findings;
  return [ok(`${address} requires one of ${entries.length} keys`)];
}
