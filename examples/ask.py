"""python3 ask.py                              asks a running Loopgate over HTTP
python3 ask.py /absolute/path/to/loopgate   starts it over stdio"""

import asyncio
import os
import sys
import uuid

from mcp import Client, StdioServerParameters

QUESTION = {
    "client_id": "deployer",
    "message": "Deploy build 42 to production?",
    "request_type": "confirmation",
    # For retries of this one call; every new question needs a new key.
    "idempotency_key": str(uuid.uuid4()),
    "wait_seconds": 50,
}


async def main():
    where = "http://127.0.0.1:8080/mcp"
    if len(sys.argv) > 1:
        where = StdioServerParameters(command=sys.argv[1], env=dict(os.environ))
    async with Client(where) as loopgate:
        answer = {"status": "pending"}
        # The same key is the same request: calling again only goes on waiting.
        while answer.get("status") == "pending":
            answer = (await loopgate.call_tool("request_human_input", QUESTION)).structured_content or {}
    print("deploying" if answer.get("approved") is True else f"not deploying: {answer}")


asyncio.run(main())
