"""Run by the Python that has the official MCP SDK: calls tools of a server, prints what they answered as JSON

    mcp_client.py MODE COMMAND... < [[tool, arguments], ...]

MODE is a protocol version that "initialize" asks for, or "auto": the newest that both know."""

import asyncio
import json
import os
import sys

import mcp_types
from mcp import StdioServerParameters
from mcp.client import session as client_session
from mcp.client._probe import negotiate_auto
from mcp.client.stdio import stdio_client


async def main(mode, command, calls):
    if mode != "auto":
        # the SDK offers its newest only; an older client offers an older one
        client_session.LATEST_HANDSHAKE_VERSION = mode
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    async with stdio_client(parameters) as (reading, writing):
        async with client_session.ClientSession(reading, writing) as session:
            if mode == "auto":
                await negotiate_auto(session)
                version = session.protocol_version
            else:
                version = (await session.initialize()).protocol_version
            tools = (await session.list_tools()).tools
            answers = []
            for name, arguments in calls:
                try:
                    result = await session.call_tool(name, arguments)
                    answers.append({"error": bool(result.is_error), "texts": [block.text for block in result.content]})
                except Exception as error:  # what the protocol itself refuses
                    answers.append({"refused": str(error)})
    return {"version": version, "newest": mcp_types.LATEST_PROTOCOL_VERSION,
            "tools": {tool.name: tool.model_dump(mode="json", by_alias=True) for tool in tools}, "answers": answers}


print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2:], json.load(sys.stdin)))))
