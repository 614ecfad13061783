import type { FastifyInstance } from "fastify";
import type { InboxAddress } from "../sign-in/inbox-address.ts";
import { fileHeaders, pageHeaders, shell } from "./page.ts";
import { PageFiles } from "./page-files.ts";

export interface PagesOptions {
  /** How agents ask at the address of the pages. Where no key is needed, people can ask themselves a question. */
  readonly agentsAskHere: "freely" | "with_key" | "no";
  /** False if people only read here, because another channel takes their answers. */
  readonly takesAnswers: boolean;
  /** What the owner of this machine runs to sign in. */
  readonly signInCommand?: string | undefined;
  readonly address: Pick<InboxAddress, "isHttps">;
}

/** Every path that shows a page. Which one it is, the browser decides. */
const paths = ["/", "/r/:id", "/history", "/settings", "/sign-in"];

/** Serves the pages for people. They hold no data: everything that they show comes from `/v1`, after the sign-in. */
export function addPages(app: FastifyInstance, options: PagesOptions): void {
  let reading: Promise<PageFiles> | undefined;
  /** Read once, when the first browser comes. */
  const files = () => (reading ??= PageFiles.read());
  for (const path of paths)
    app.get(path, { config: { access: "public" } }, async (_request, reply) => {
      const { path, scripts, importMap } = await files();
      return reply
        .headers(pageHeaders(importMap, options.address))
        .type("text/html; charset=utf-8")
        .send(shell({ path, scripts, importMap, ...options }));
    });
  app.get("/favicon.ico", { config: { access: "public" } }, async (_request, reply) =>
    reply.redirect(`${(await files()).path}/ui/icon.svg`),
  );
  app.get<{ Params: { readonly hash: string; readonly "*": string } }>(
    "/assets/:hash/*",
    { config: { access: "public" } },
    async ({ params: { hash, "*": path }, headers }, reply) => {
      const all = await files();
      const file = all.path === `/assets/${hash}` ? await all.find(path) : undefined;
      if (file === undefined) return reply.callNotFound();
      const isZipped = headers["accept-encoding"]?.includes("gzip") === true;
      if (isZipped) void reply.header("content-encoding", "gzip");
      return reply
        .headers(fileHeaders)
        .type(file.contentType)
        .send(isZipped ? file.gzipped : file.body);
    },
  );
}
