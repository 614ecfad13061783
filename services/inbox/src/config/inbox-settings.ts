import { isLoopback } from "@loopgate/settings";
import { z } from "zod";

/** The origin of the inbox in people's browsers: https, or http at a loopback address. */
export const publicUrl = z
  .url("must be the address of the inbox in people's browsers, such as https://loopgate.example.com")
  .refine(isOrigin, "must be a scheme and a host, without a path")
  .refine(
    isProtected,
    "must be https, or http at a loopback address: a browser would send its session in clear text",
  );

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.href === `${url.origin}/`;
}

function isProtected(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.protocol === "https:") return true;
  return url.protocol === "http:" && isLoopback(url.hostname.replaceAll(/[[\]]/g, ""));
}

/** Where people's browsers find the inbox (docs/configuration.md). */
export const inboxVariables = { LOOPGATE_PUBLIC_URL: publicUrl.optional() };
