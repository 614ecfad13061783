"""Calls a tool with the OpenAI Agents SDK: its limit of 5 s, and two retries. Then, after a line on stdin, once more.
python3 openai_agents.py <place> <arguments>: an address, or the JSON of a command."""

import asyncio
import json
import sys

from agents.mcp import MCPServerStdio, MCPServerStreamableHttp


def server(place):
    retries = {"max_retry_attempts": 2}
    if place.startswith("http"):
        return MCPServerStreamableHttp(params={"url": place}, **retries)
    return MCPServerStdio(params=json.loads(place), **retries)


def write(line):
    print(line, flush=True)


async def main(place, arguments):
    async with server(place) as loopgate:
        for _ in range(2):
            try:
                result = await loopgate.call_tool("request_human_input", json.loads(arguments))
            except Exception as error:
                write(f"failed: {type(error).__name__}")
                await asyncio.to_thread(sys.stdin.readline)
            else:
                write(json.dumps(result.model_dump(mode="json", by_alias=True)["structuredContent"]))
                return


asyncio.run(main(*sys.argv[1:]))
