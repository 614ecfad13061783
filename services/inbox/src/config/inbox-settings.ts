import { isIP } from "node:net";
import { z } from "zod";

const publicUrl = z
  .url("must be the address of the inbox in people's browsers, such as https://loopgate.example.com")
  .refine(isOrigin, "must be a scheme and a host, without a path")
  .refine(
    isProtected,
    "must be https, or http on this machine: a browser would send its session in clear text",
  );

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
}

function isProtected(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.protocol === "https:") return true;
  const { hostname } = url;
  return (
    url.protocol === "http:" &&
    (hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127.")))
  );
}

/** Where people's browsers find the inbox (docs/configuration.md). */
export const inboxVariables = { LOOPGATE_PUBLIC_URL: publicUrl.optional() };
