export { freePorts } from "./engines/free-port.ts";
export { metricSeries } from "./metric-series.ts";
export { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
export { pingedBy, type ShownMessage } from "./telegram/chats.ts";
export { FakeTelegram, person } from "./telegram/fake-telegram.ts";
export { Refused } from "./telegram/refused.ts";
export { tooManyRequests, type Fault } from "./telegram/faults.ts";
export type { Engine } from "./engines/engine.ts";
export { startMongoServer, type MongoOptions, type MongoServer } from "./engines/mongo-server.ts";
export { haveOwnEngines } from "./engines/own-engines.ts";
export { startOldNatsServer } from "./engines/old-nats-server.ts";
export {
  startNatsCluster,
  startNatsServer,
  startSpecialNatsServer,
  type NatsCluster,
  type NatsServer,
} from "./engines/nats-server.ts";
