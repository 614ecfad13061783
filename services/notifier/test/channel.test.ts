import { describe } from "vitest";
import { channelContract } from "./channel.contract.ts";
import { openSocket } from "./channel-socket.ts";
import { openTelegram } from "./channel-telegram.ts";

describe("Telegram", () => {
  channelContract(openTelegram);
});
describe("a socket channel", () => {
  channelContract(openSocket);
});
