{{/* What the services refuse and a JSON schema cannot express, in the words of the services. */}}
{{- define "loopgate.checks" -}}
{{- $gateway := .Values.gateway -}}
{{- if gt (int64 $gateway.minTimeoutSeconds) (int64 $gateway.maxTimeoutSeconds) -}}
{{- fail "gateway.minTimeoutSeconds is greater than gateway.maxTimeoutSeconds: lower it, or raise the maximum" -}}
{{- end -}}
{{- if lt (mul (int64 .Values.eventLog.retentionDays) 86400) (add (int64 $gateway.maxTimeoutSeconds) 2592000) -}}
{{- fail "eventLog.retentionDays must be at least gateway.maxTimeoutSeconds plus 30 days: raise it, or lower the maximum timeout" -}}
{{- end -}}
{{- range $name := list "gateway" "inbox" "notifier" -}}
{{- with (index $.Values $name).autoscaling -}}
{{- if gt (int64 .minReplicas) (int64 .maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is greater than maxReplicas: lower it, or raise the maximum" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
