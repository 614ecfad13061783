// Without arguments this is a front, which loads nothing else: it starts in a moment, with every AI application.
if (process.argv.length === 2) {
  const { runFront } = await import("./front/front.ts");
  await runFront(process.env);
} else {
  const { runCommand } = await import("./commands.ts");
  await runCommand(process.argv, process.env);
}
