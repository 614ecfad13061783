{{/* The metrics are explained in docs/operations.md, the alerts in docs/kubernetes.md. */}}
{{- define "loopgate.alerts" -}}
{{- $name := include "loopgate.fullname" . -}}
{{- $namespace := .Release.Namespace -}}
{{- $in := printf "namespace=%q" $namespace -}}
{{- if not .Values.telegram.webhook.url }}
- alert: LoopgateAnswersNotFetched
  expr: time() - max(loopgate_telegram_last_poll_timestamp_seconds{ {{- $in -}} }) > 120 or absent(loopgate_telegram_last_poll_timestamp_seconds{ {{- $in -}} })
  for: 2m
  labels: { severity: critical }
  annotations:
    summary: No notifier fetches what people answer in Telegram
    description: Telegram drops a press after 150 seconds. Look first at `kubectl -n {{ $namespace }} logs deploy/{{ $name }}-notifier`.
{{- end }}
- alert: LoopgateWorkIsStuck
  expr: max by (consumer) (loopgate_consumer_backlog_age_seconds{ {{- $in -}} }) > 300
  for: 2m
  labels: { severity: critical }
  annotations:
    summary: {{ print "Consumer {{ $labels.consumer }} has handled nothing for more than 5 minutes" | quote }}
    description: Look first at `kubectl -n {{ $namespace }} get pods -l app.kubernetes.io/instance={{ .Release.Name }}`, then at /readyz of the pods that are not ready.
- alert: LoopgateDeadLetters
  expr: sum by (consumer) (increase(loopgate_dead_letters_total{ {{- $in -}} }[15m])) > 0
  labels: { severity: critical }
  annotations:
    summary: {{ print "Consumer {{ $labels.consumer }} gave up on an event" | quote }}
    description: Run `loopgate dead-letters` with NATS_URL of the operator.
- alert: LoopgateQuestionsUndelivered
  expr: sum by (reason) (increase(loopgate_undelivered_total{ {{- $in -}} }[15m])) > 0
  labels: { severity: warning }
  annotations:
    summary: {{ print "Questions do not reach a recipient: {{ $labels.reason }}" | quote }}
    description: Look first at `kubectl -n {{ $namespace }} logs deploy/{{ $name }}-notifier`.
- alert: LoopgateCallsFail
  expr: sum(rate(loopgate_call_seconds_count{ {{- $in -}} ,outcome="unavailable"}[5m])) / sum(rate(loopgate_call_seconds_count{ {{- $in -}} }[5m])) > 0.05
  for: 5m
  labels: { severity: critical }
  annotations:
    summary: More than 5 % of the agents' calls are refused as unavailable
    description: Look first at `kubectl -n {{ $namespace }} get pods -l app.kubernetes.io/instance={{ .Release.Name }}`, then at NATS.
- alert: LoopgateDatabaseFails
  expr: sum(rate(loopgate_store_failures_total{ {{- $in -}} }[5m])) > 0
  for: 10m
  labels: { severity: warning }
  annotations:
    summary: MongoDB does not answer; asking and answering go on, lists do not
    description: Look first at `kubectl -n {{ $namespace }} logs deploy/{{ $name }}-state`.
- alert: LoopgateTelegramThrottles
  expr: sum(rate(loopgate_telegram_calls_total{ {{- $in -}} ,outcome="throttled"}[10m])) > 0.1
  for: 10m
  labels: { severity: warning }
  annotations:
    summary: Telegram throttles the bot; questions arrive late
    description: Ask less often, or in more chats. A bot may send one message a second to a chat.
{{- end -}}
