// `./loopgate hook`: runs a hook, and skips the check whether the set-up is complete, which takes longer than most hooks.
import module from "node:module";

module.enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/compiled`);
const { runHook } = await import("../services/loopgate/src/hook/hook.ts");
process.once("exit", () => module.flushCompileCache());
await runHook(process.argv.slice(3), process.env);
