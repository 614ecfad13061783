// Each way to start loads only what it needs: the stdio proxy and a hook no package, a daemon none before it has locked its directory.
const [command, directory] = process.argv.slice(2);
if (command === undefined) {
  const { runStdioProxy } = await import("./stdio-proxy/stdio-proxy.ts");
  await runStdioProxy(process.env);
} else if (command === "hook") {
  const { runHook } = await import("./hook/hook.ts");
  await runHook(process.argv.slice(3), process.env);
} else if (command === "daemon" && directory !== undefined) {
  const { acquireUnlessServed } = await import("./daemon/acquire-directory.ts");
  const lock = await acquireUnlessServed(directory);
  if (lock !== undefined) {
    const { runDaemon } = await import("./daemon/daemon.ts");
    await runDaemon(directory, lock, process.env);
  }
} else {
  const { runCommand } = await import("./cli/run-command.ts");
  await runCommand(process.argv, process.env);
}
