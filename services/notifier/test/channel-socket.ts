import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  socketButton,
  SocketChannel,
  socketEndpoint,
  SocketPerson,
  socketPolicy,
  socketResponder,
} from "@loopgate/testing";
import type { ChannelUnderTest, Person, Place, Told } from "./channel-under-test.ts";

const settings = { account: "office", places: { alice: ["alice"], room: ["alice", "bob"] } };
const readers: Readonly<Record<Place, readonly Person[]>> = {
  alice: ["alice"],
  room: ["alice", "bob", "mallory"],
  nowhere: [],
};

/** People at Unix sockets, one socket for each process. */
export async function openSocket(): Promise<ChannelUnderTest> {
  const programs = new Map<string, SocketPerson>();
  for (const [place, names] of Object.entries(readers))
    for (const name of names) programs.set(`${name}/${place}`, new SocketPerson({ place, person: name }));
  const programOf = (person: Person, place: Place) => programs.get(`${person}/${place}`)!;
  const screenOf = (place: Place) => programOf(readers[place][0]!, place);
  return {
    account: settings.account,
    policy: socketPolicy(settings),
    connect: async ({ log }) => {
      const path = join(tmpdir(), `loopgate-${randomUUID().slice(0, 8)}.sock`);
      for (const program of programs.values()) program.connect(path);
      return new SocketChannel({ ...settings, path, log });
    },
    recipientAt: (place, people) => ({
      channel: "socket",
      endpoint: socketEndpoint(settings.account, place),
      responders: people.map(socketResponder),
    }),
    copiesAt: (place) =>
      screenOf(place).copies.map(({ copy, question, closed }) => ({
        id: copy,
        text: question,
        isOpen: closed === undefined,
      })),
    noticesAt: (place) => screenOf(place).notices,
    answer: (person, place, { id }, choice) => {
      const program = programOf(person, place);
      const seen = program.copies.find(({ copy }) => copy === id);
      const sent = "option" in choice ? { button: seen?.options[choice.option] ?? "" } : choice;
      const told = program.answer(id, sent);
      return () => told as Told[];
    },
    buttonOf: socketButton,
    [Symbol.asyncDispose]: async () => {
      for (const program of programs.values()) program[Symbol.dispose]();
    },
  };
}
