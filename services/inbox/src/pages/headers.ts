import { createHash } from "node:crypto";

/** What a page may load and do. Its only inline script is the import map, allowed by its hash. */
const policyFor = (importMap: string): string =>
  [
    "default-src 'none'",
    `script-src 'self' 'sha256-${createHash("sha256").update(importMap).digest("base64")}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

const common = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** For HTML. Nobody but the person in front of it may see, frame or script a page. */
export const pageHeaders = (importMap: string, { isHttps }: { readonly isHttps: boolean }) => ({
  ...common,
  "cache-control": "no-store",
  "content-security-policy": policyFor(importMap),
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "x-frame-options": "DENY",
  ...(isHttps ? { "strict-transport-security": "max-age=31536000" } : {}),
});

/** For files below a path that changes with their content. */
export const fileHeaders = { ...common, "cache-control": "public, max-age=31536000, immutable" };
