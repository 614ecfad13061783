{{/*
The settings of the services, as YAML lists of { name, value } and of { name, secret | configMap, key }: the latter is
a variable that holds the path of a mounted file. Settings without a value are left out.
*/}}

{{/* Ids and counts are numbers in some values files; Helm would write large ones with an exponent. */}}
{{- define "loopgate.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{- define "loopgate.list" -}}
{{- $texts := list -}}
{{- range . }}{{ $texts = append $texts (include "loopgate.text" .) }}{{ end -}}
{{- join "," $texts -}}
{{- end -}}

{{- define "loopgate.settings.nats" -}}
{{- $nats := .root.Values.nats -}}
{{- if $nats.servers }}
- { name: NATS_URL, value: {{ join "," $nats.servers | quote }} }
{{- else }}
- { name: NATS_URL_FILE, secret: {{ $nats.urlSecret.name | quote }}, key: {{ index $nats.urlSecret.keys .name | quote }} }
{{- end }}
{{- if $nats.credsSecret.name }}
- { name: NATS_CREDS_FILE, secret: {{ $nats.credsSecret.name | quote }}, key: {{ index $nats.credsSecret.keys .name | quote }} }
{{- end }}
{{- if $nats.ca.secret }}
- { name: NATS_CA_FILE, secret: {{ $nats.ca.secret | quote }}, key: {{ $nats.ca.key | quote }} }
{{- else if $nats.ca.configMap }}
- { name: NATS_CA_FILE, configMap: {{ $nats.ca.configMap | quote }}, key: {{ $nats.ca.key | quote }} }
{{- end }}
{{- with index $nats.clientTlsSecrets .name }}
- { name: NATS_CERT_FILE, secret: {{ . | quote }}, key: tls.crt }
- { name: NATS_KEY_FILE, secret: {{ . | quote }}, key: tls.key }
{{- end }}
- { name: NATS_JS_DOMAIN, value: {{ $nats.jetStreamDomain | quote }} }
- { name: LOOPGATE_STREAM_REPLICAS, value: {{ $nats.replicas | quote }} }
- { name: LOOPGATE_LOG_RETENTION_DAYS, value: {{ include "loopgate.text" .root.Values.eventLog.retentionDays | quote }} }
- { name: LOOPGATE_LOG_MAX_BYTES, value: {{ include "loopgate.text" .root.Values.eventLog.maxBytes | quote }} }
- { name: LOG_LEVEL, value: {{ .root.Values.logLevel | quote }} }
{{- end -}}

{{/* The bot, and whom it may ask. */}}
{{- define "loopgate.settings.telegram" -}}
{{- $telegram := .root.Values.telegram -}}
- { name: TELEGRAM_BOT_TOKEN_FILE, secret: {{ $telegram.botTokenSecret.name | quote }}, key: {{ $telegram.botTokenSecret.key | quote }} }
- { name: TELEGRAM_CHAT_ID, value: {{ include "loopgate.text" $telegram.chatId | quote }} }
- { name: TELEGRAM_RESPONDER_IDS, value: {{ include "loopgate.list" $telegram.responderIds | quote }} }
- { name: TELEGRAM_ALLOWED_CHATS, value: {{ include "loopgate.list" $telegram.allowedChats | quote }} }
{{- end -}}

{{- define "loopgate.settings.gateway" -}}
{{- $gateway := .root.Values.gateway -}}
{{ include "loopgate.settings.nats" . }}
{{- if .root.Values.telegram.enabled }}
{{ include "loopgate.settings.telegram" . }}
{{- end }}
{{ include "loopgate.settings.web" . }}
{{ include "loopgate.settings.server" (merge (dict "hosts" (ternary $gateway.ingress.hosts list $gateway.ingress.enabled)) .) }}
- { name: LOOPGATE_ALLOWED_ORIGINS, value: {{ join "," $gateway.allowedOrigins | quote }} }
{{- with $gateway.apiKeysSecret }}
{{- if .name }}
- { name: LOOPGATE_API_KEYS_FILE, secret: {{ .name | quote }}, key: {{ .key | quote }} }
{{- end }}
{{- end }}
- { name: LOOPGATE_INSECURE, value: {{ ternary "1" "" $gateway.insecure | quote }} }
- { name: REQUEST_TIMEOUT, value: {{ include "loopgate.text" $gateway.defaultTimeoutSeconds | quote }} }
- { name: LOOPGATE_MIN_TIMEOUT_SECONDS, value: {{ include "loopgate.text" $gateway.minTimeoutSeconds | quote }} }
- { name: LOOPGATE_MAX_TIMEOUT_SECONDS, value: {{ include "loopgate.text" $gateway.maxTimeoutSeconds | quote }} }
- { name: LOOPGATE_MAX_WAIT_SECONDS, value: {{ include "loopgate.text" $gateway.maxWaitSeconds | quote }} }
- { name: LOOPGATE_KEY_REPLAY_SECONDS, value: {{ include "loopgate.text" $gateway.keyReplaySeconds | quote }} }
{{- end -}}

{{- define "loopgate.settings.inbox" -}}
{{- $url := .root.Values.inbox.publicUrl -}}
{{ include "loopgate.settings.nats" . }}
{{ include "loopgate.settings.web" . }}
{{ include "loopgate.settings.server" (merge (dict "hosts" (list (urlParse $url).hostname)) .) }}
- { name: LOOPGATE_PUBLIC_URL, value: {{ $url | quote }} }
{{- end -}}

{{/* The people who are asked in the inbox. */}}
{{- define "loopgate.settings.web" -}}
- { name: LOOPGATE_WEB_RESPONDERS, value: {{ ternary (join "," .root.Values.inbox.responders) "" .root.Values.inbox.enabled | quote }} }
{{- end -}}

{{/* Where a service listens, and every name under which callers in the cluster and those of its ingress (hosts) reach it. */}}
{{- define "loopgate.settings.server" -}}
{{- $name := include "loopgate.name" . -}}
{{- $namespace := .root.Release.Namespace -}}
{{- $inside := list $name (printf "%s.%s" $name $namespace) (printf "%s.%s.svc" $name $namespace) (printf "%s.%s.svc.%s" $name $namespace .root.Values.clusterDomain) -}}
- { name: SERVER_HOST, value: 0.0.0.0 }
- { name: SERVER_PORT, value: "8080" }
- { name: LOOPGATE_ALLOWED_HOSTS, value: {{ concat $inside .hosts (index .root.Values .name).allowedHosts | uniq | join "," | quote }} }
{{- end -}}

{{- define "loopgate.settings.notifier" -}}
{{- $telegram := .root.Values.telegram -}}
{{ include "loopgate.settings.nats" . }}
{{ include "loopgate.settings.telegram" . }}
- { name: TELEGRAM_API_ROOT, value: {{ $telegram.apiRoot | quote }} }
- { name: LOOPGATE_OUTAGE_NOTE_SECONDS, value: {{ include "loopgate.text" $telegram.outageNoteSeconds | quote }} }
{{- with $telegram.proxy }}
{{- if .url }}
- { name: {{ hasPrefix "http://" $telegram.apiRoot | ternary "HTTP_PROXY" "HTTPS_PROXY" }}, value: {{ .url | quote }} }
- { name: NO_PROXY, value: {{ join "," .exceptions | quote }} }
{{- end }}
{{- if .ca.configMap }}
- { name: NODE_EXTRA_CA_CERTS, configMap: {{ .ca.configMap | quote }}, key: {{ .ca.key | quote }} }
{{- end }}
{{- end }}
{{- with $telegram.webhook }}
{{- if .url }}
- { name: TELEGRAM_WEBHOOK_URL, value: {{ .url | quote }} }
- { name: TELEGRAM_WEBHOOK_SECRET_FILE, secret: {{ .secret.name | quote }}, key: {{ .secret.key | quote }} }
- { name: TELEGRAM_WEBHOOK_PORT, value: {{ include "loopgate.text" .port | quote }} }
{{- end }}
{{- end }}
- { name: HEALTH_PORT, value: "8080" }
{{- end -}}

{{- define "loopgate.settings.state" -}}
{{ include "loopgate.settings.nats" . }}
- { name: MONGODB_URI_FILE, secret: {{ .root.Values.mongodb.uriSecret.name | quote }}, key: {{ .root.Values.mongodb.uriSecret.key | quote }} }
- { name: HEALTH_PORT, value: "8080" }
{{- end -}}

{{- define "loopgate.settings.bootstrap" -}}
{{ include "loopgate.settings.nats" . }}
{{- end -}}
