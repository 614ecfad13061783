export { Refused, type ShownMessage } from "./telegram/chats.ts";
export { FakeTelegram, person } from "./telegram/fake-telegram.ts";
export { tooManyRequests, type Fault } from "./telegram/faults.ts";
export { startNatsServer, type NatsServer } from "./engines/nats-server.ts";
