import { createHash } from "node:crypto";

/** What the HTML of a page names. */
interface ShellOptions {
  /** Where the files of the pages are. */
  readonly path: string;
  readonly scripts: readonly string[];
  readonly importMap: string;
  readonly agentsAskHere: string;
  readonly takesAnswers: boolean;
  readonly signInCommand?: string | undefined;
}

/** The HTML of every page: empty until its scripts have run. Nothing in it comes from a caller. */
export const shell = ({ path, scripts, importMap, ...facts }: ShellOptions): string =>
  `<!doctype html>
<html lang="en" data-agents-ask-here="${facts.agentsAskHere}" data-takes-answers="${facts.takesAnswers}" data-sign-in-command="${facts.signInCommand ?? ""}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<meta name="color-scheme" content="light dark">
<title>Loopgate</title>
<link rel="icon" href="${path}/ui/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${path}/ui/style.css">
<script type="importmap">${importMap}</script>
${scripts.map((script) => `<link rel="modulepreload" href="${path}/${script}">`).join("\n")}
<script type="module" src="${path}/ui/main.ts"></script>
<div id="app"></div>
<noscript>Loopgate's pages need JavaScript.</noscript>
</html>
`;

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

/** For HTML: no other site may frame a page, reach into it, or learn its address. */
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
