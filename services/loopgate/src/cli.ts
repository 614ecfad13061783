// What AI applications start loads only what it needs: a front nothing, a daemon nothing before it has its directory.
const [command, directory] = process.argv.slice(2);
if (command === undefined) {
  const { runFront } = await import("./stdio-proxy/stdio-proxy.ts");
  await runFront(process.env);
} else if (command === "daemon" && directory !== undefined) {
  const { runDaemon } = await import("./daemon/run-daemon.ts");
  await runDaemon(directory, process.env);
} else {
  const { runCommand } = await import("./cli/run-command.ts");
  await runCommand(process.argv, process.env);
}
