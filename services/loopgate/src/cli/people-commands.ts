import { StartupError } from "@loopgate/bus";
import { MAX_PRINCIPALS } from "@loopgate/contracts";
import { connectNatsBus } from "@loopgate/bus/nats";
import {
  InboxAddress,
  type Invitation,
  invitedProfile,
  People,
  publicUrl,
  SignInCodes,
} from "@loopgate/inbox";
import { type Environment, readConfiguration } from "@loopgate/settings";
import { Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { isDistributed, natsOptionsOf } from "../distributed-settings.ts";

/** `loopgate invite` and `loopgate revoke`: who may sign in to the inbox of a distributed deployment. */
export const peopleCommands = (environment: Environment): readonly Command[] => [
  inviteCommand(environment),
  revokeCommand(environment),
];

interface InviteFlags {
  readonly name?: string;
  readonly group?: readonly string[];
}

const inviteCommand = (environment: Environment): Command =>
  new Command("invite")
    .description("print a link that signs a person in to the inbox, once and within a day")
    .argument("<address>", "the person's mail address: questions name it as web:<address>", parseAddress)
    .option("--name <name>", "how decisions name the person (default: the address)")
    .option("--group <name...>", "groups of the person: questions name them as group:<name>", parseGroups)
    .action((address: string, { name, group }: InviteFlags) =>
      invite(environment, { address, name, groups: group ?? [] }),
    );

const revokeCommand = (environment: Environment): Command =>
  new Command("revoke")
    .description("end all browser sessions of a person, who answers no more")
    .argument("<address>", "the address of the invitation", parseAddress)
    .action(async (address: string) => {
      await using bus = await connectNatsBus(await natsOptionsOf(environment));
      const people = new People(await bus.keyValue.bucket("people"));
      await people.revoke(invitedProfile({ address }));
      process.stdout.write(`${address} is signed out everywhere, and may answer no more\n`);
    });

async function invite(environment: Environment, invitation: Invitation): Promise<void> {
  if (!isDistributed(environment)) throw new StartupError(ONE_PROCESS);
  const { LOOPGATE_PUBLIC_URL: url } = await readConfiguration(
    z.object({ LOOPGATE_PUBLIC_URL: publicUrl }),
    environment,
  );
  await using bus = await connectNatsBus(await natsOptionsOf(environment));
  const codes = new SignInCodes(await bus.keyValue.bucket("web_codes"));
  const code = await codes.issue({ profile: invitedProfile(invitation), auth: "link" });
  process.stderr.write(`The first to open this link, within a day, answers as ${invitation.address}:\n`);
  process.stdout.write(`${new InboxAddress(url).linkWith(code)}\n`);
}

const ONE_PROCESS =
  "invitations are for the services over NATS: set NATS_URL; a single process signs its owner in by `loopgate open`";

function parseAddress(given: string): string {
  const address = z.email().safeParse(given).data;
  if (address === undefined)
    throw new InvalidArgumentError("It must be a mail address, such as alice@example.com.");
  return address;
}

/** One principal is the person's own. */
const MAX_GROUPS = MAX_PRINCIPALS - 1;

function parseGroups(given: string, before: readonly string[] = []): readonly string[] {
  if (!/^\S{1,100}$/.test(given)) throw new InvalidArgumentError("It must be a name without spaces.");
  if (before.length >= MAX_GROUPS)
    throw new InvalidArgumentError(`A person has at most ${MAX_GROUPS} groups.`);
  return [...before, given];
}
