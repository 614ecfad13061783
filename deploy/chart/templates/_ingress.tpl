{{/* An Ingress to one port of a service. Takes root, name, suffix, ingress (values), hosts, path and port. */}}
{{- define "loopgate.ingress" -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "loopgate.name" . }}{{ .suffix }}
  labels: {{- include "loopgate.labels" . | nindent 4 }}
  {{- with .ingress.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .ingress.tlsSecret }}
  tls:
    - secretName: {{ . }}
      hosts: {{- toYaml $.hosts | nindent 8 }}
  {{- end }}
  rules:
    {{- range .hosts }}
    - host: {{ . | quote }}
      http:
        paths:
          - path: {{ $.path | quote }}
            pathType: Prefix
            backend: { service: { name: {{ include "loopgate.name" $ }}, port: { name: {{ $.port }} } } }
    {{- end }}
{{- end -}}
