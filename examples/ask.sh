#!/bin/sh
# Ends with 0 only if a person approved: ./ask.sh && ./deploy
# For retries of this one call; every new question needs a new key.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
question='{"method": "tools/call", "id": 1, "params": {"name": "request_human_input", "arguments": {
  "client_id": "deployer",
  "message": "Deploy build 42 to production?",
  "request_type": "confirmation",
  "idempotency_key": "'$key'",
  "wait_seconds": 50
}}}'
# The same key is the same request: calling again only goes on waiting.
while answer=$(curl -sS http://127.0.0.1:8080/mcp -H 'Content-Type: application/json' -d "$question"); do
  case $answer in
    *'"isError":true'*) echo "not deploying: $answer"; exit 1 ;;
    *'"status":"pending"'*) ;;
    *'"approved":true'*) echo deploying; exit 0 ;;
    *) echo "not deploying: $answer"; exit 1 ;;
  esac
done
exit 1
