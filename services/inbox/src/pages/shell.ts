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
