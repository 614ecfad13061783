export { SocketChannel } from "./channels/socket-channel.ts";
export { socketButton } from "./channels/socket-lines.ts";
export { SocketPerson } from "./channels/socket-person.ts";
export { socketEndpoint, socketPolicy, socketResponder } from "./channels/socket-policy.ts";
export { startBrowser } from "./browser/start-browser.ts";
export { certificateFiles } from "./engines/certificate-files.ts";
export { freePorts } from "./engines/free-port.ts";
export { HostileInputs } from "./hostile-inputs.ts";
export { metricSeries } from "./metric-series.ts";
export { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
export { person, pingedBy, type ShownMessage } from "./telegram/chats.ts";
export { FakeTelegram } from "./telegram/fake-telegram.ts";
export { Refused } from "./telegram/refused.ts";
export { tooManyRequests, type Fault } from "./telegram/faults.ts";
export { callRoute, InboxPage, type PageReply, spendLink } from "./web/inbox-page.ts";
export type { Engine } from "./engines/engine.ts";
export { findHelm, findKubectl, findKubernetesSchemas, type HelmMajor } from "./engines/kubernetes-tools.ts";
export {
  findMongoBinary,
  startMongoServer,
  type MongoOptions,
  type MongoServer,
} from "./engines/mongo-server.ts";
export { haveOwnEngines } from "./engines/own-engines.ts";
export { startOldNatsServer } from "./engines/old-nats-server.ts";
export {
  findNatsBinary,
  startNatsCluster,
  startNatsServer,
  startSpecialNatsServer,
  type NatsCluster,
  type NatsServer,
} from "./engines/nats-server.ts";
