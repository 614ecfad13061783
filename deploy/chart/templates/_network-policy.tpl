{{/* A connection out: to the peers and ports of .Values.networkPolicy.<key>. */}}
{{- define "loopgate.egress" -}}
- ports: {{- toYaml .ports | nindent 4 }}
  {{- with .to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "loopgate.networkPolicy" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $http := concat (default list .callers) $policy.monitoring -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "loopgate.name" . }}
  labels: {{- include "loopgate.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  podSelector:
    matchLabels: {{- include "loopgate.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- $webhook := ternary $policy.webhookCallers list (hasKey . "webhook") }}
  {{- if or $http $webhook }}
  ingress:
    {{- range $port, $from := dict "http" $http "webhook" $webhook }}
    {{- with $from }}
    - ports: [{ protocol: TCP, port: {{ $port }} }]
      from: {{- toYaml . | nindent 8 }}
    {{- end }}
    {{- end }}
  {{- else }}
  ingress: []
  {{- end }}
  egress:
    {{- range prepend .reaches "dns" }}
    {{- include "loopgate.egress" (index $policy .) | nindent 4 }}
    {{- end }}
{{- end -}}
