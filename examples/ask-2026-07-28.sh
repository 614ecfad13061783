#!/bin/sh
curl -sS http://127.0.0.1:8080/mcp \
  -H 'Content-Type: application/json' \
  -H 'Accept: application/json, text/event-stream' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/call' \
  -H 'Mcp-Name: request_human_input' \
  -d '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
    "name": "request_human_input",
    "arguments": {"message": "Which region?", "options": ["eu-west", "us-east"], "wait_seconds": 50},
    "_meta": {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": {"name": "deployer", "version": "1.0.0"},
      "io.modelcontextprotocol/clientCapabilities": {}
    }
  }}'
