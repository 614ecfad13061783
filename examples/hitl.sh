#!/bin/sh
loopgate=http://127.0.0.1:8080/hitl
json='Content-Type: application/json'

curl -sS $loopgate/register -H "$json" -d '{"session_id": "release", "client_id": "deployer", "telegram_id": 1234567}'

id=$(curl -sS $loopgate/request -H "$json" -d '{"session_id": "release", "client_id": "deployer",
  "message": "Deploy build 42 to production?", "request_type": "confirmation"}' |
  sed -n 's/.*"request_id":"\([^"]*\)".*/\1/p')

until curl -sS "$loopgate/poll?request_id=$id" | grep '"completed":true'; do sleep 1; done
