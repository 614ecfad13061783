import type { Host } from "../codec.ts";

/**
 * The names of a tool in rules: `<host>:<Tool>` for the host's own tools, `<server>.<tool>` for tools of MCP servers. Hosts
 * join server and tool with two underscores, which may also occur in either name: then there are several readings.
 */
export function callNames(host: Host, tool: string): readonly [string, ...string[]] {
  const builtIn = `${host}:${tool}`;
  const joined = /^mcp__(.+)$/s.exec(tool)?.[1];
  if (joined === undefined) return [builtIn];
  const readings: string[] = [];
  for (let at = joined.indexOf("__", 1); at !== -1; at = joined.indexOf("__", at + 1)) {
    const [server, name] = [joined.slice(0, at), joined.slice(at + 2)];
    if (name !== "") readings.push(`${server}.${name}`);
  }
  const [first, ...more] = readings;
  return first === undefined ? [builtIn] : [first, ...more];
}
