import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { linesOf } from "@loopgate/runtime/lines";
import { telegramPolicy } from "@loopgate/settings/telegram";
import { onePerson, type TestGateway } from "./gateway.ts";

/** A client over lines, with its own recipients. */
export async function connectLines(g: TestGateway, policy = onePerson) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const mine = createConnection((server.address() as AddressInfo).port, "127.0.0.1");
  const [theirs] = (await once(server, "connection")) as [Socket];
  server.close();
  const write = (line: string) => void theirs.write(`${line}\n`);
  const stream = { lines: linesOf(theirs), write, end: () => theirs.destroySoon() };
  const served = g.gateway.connect(stream, { policy: telegramPolicy(policy) });
  const answers = linesOf(mine);
  return {
    served,
    say: (line: unknown) => void mine.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`),
    // oxlint-disable-next-line typescript/no-explicit-any -- what came over the wire
    hear: async (): Promise<any> => {
      const { value } = await answers.next();
      return value === undefined ? undefined : JSON.parse(value);
    },
    hangUp: () => void mine.end(),
  };
}
