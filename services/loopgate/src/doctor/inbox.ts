import type { Settings } from "../settings.ts";
import { type Check, type Finding, ok, warning } from "./check.ts";

/** What people can do in the browser. */
export const checkInbox = ({ inbox, telegram, listen }: Settings): Check => ({
  subject: "inbox",
  run: async () => [findingOf(inbox, telegram !== undefined), ...addressFindings(inbox, listen)],
});

function findingOf({ mode, responders }: Settings["inbox"], hasBot: boolean): Finding {
  if (mode === "off") return ok("off, because LOOPGATE_INBOX says so");
  if (mode === "show")
    return ok("shows questions and takes no answers: LOOPGATE_INBOX=answer lets people answer there too");
  const asked = `asks ${responders.join(", ")}: \`loopgate open\` signs the owner in`;
  return ok(hasBot ? `${asked}, and so may any program that runs as the same user` : asked);
}

/** Pages of an address that does not lead here are refused as another site's. */
function addressFindings(
  { mode, publicUrl }: Settings["inbox"],
  listen: Settings["listen"],
): readonly Finding[] {
  if (mode === "off" || publicUrl === undefined) return [];
  const { port, protocol } = new URL(publicUrl);
  if (protocol === "https:" || Number(port || "80") === listen.port) return [];
  return [
    warning(
      `LOOPGATE_PUBLIC_URL has another port than SERVER_PORT (${listen.port}): make them the same, unless a proxy is in between`,
    ),
  ];
}
