import { startNatsServer } from "@loopgate/testing";

// Starts a server, says where, and waits for its own end.
const server = await startNatsServer();
process.stdout.write(`${server?.url}\n`);
setInterval(() => undefined, 60_000);
