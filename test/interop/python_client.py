"""Asks and waits with the official Python client; prints what it saw as one JSON object.

Arguments: where the server is (an address, or a command as JSON), the message, and which client."""
import asyncio
import json
import sys

place, message, generation = sys.argv[1:]


def seen(result):
    is_error = getattr(result, "is_error", None)
    structured = getattr(result, "structured_content", None)
    if is_error is None:
        is_error, structured = result.isError, result.structuredContent
    return {"is_error": is_error, "structured": structured, "text": result.content[0].text}


async def story(list_tools, call_tool):
    tools = (await list_tools()).tools
    asked = seen(await call_tool("request_human_input", {"message": message, "request_type": "confirmation"}))
    request_id = asked["structured"]["request_id"]
    print(request_id, flush=True)
    answered = seen(await call_tool("check_request_status", {"request_id": request_id, "wait_seconds": 30}))
    listed = seen(await call_tool("list_pending_requests", {}))
    missing = seen(await call_tool("check_request_status", {"request_id": "nope"}))
    print(json.dumps({
        "tools": [tool.name for tool in tools],
        "asked": asked, "answered": answered, "listed": listed, "missing": missing,
    }))


def command():
    from mcp import StdioServerParameters

    return StdioServerParameters(**json.loads(place)) if place.startswith("{") else None


async def second_generation(mode):
    from mcp import Client

    async with Client(command() or place, mode=mode) as client:
        await story(client.list_tools, client.call_tool)


async def first_generation():
    from mcp import ClientSession
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamablehttp_client

    transport = stdio_client(command()) if command() else streamablehttp_client(place)
    async with transport as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            await story(session.list_tools, session.call_tool)


asyncio.run(first_generation() if generation == "1" else second_generation(generation))
