{{/* What the pods of every service and of the job have in common. They take root, name and settings (a list). */}}

{{- define "loopgate.podBasics" -}}
automountServiceAccountToken: false
# Variables of other services in the namespace, such as NATS_PORT, would mix with the settings.
enableServiceLinks: false
securityContext:
  {{- with .root.Values.podSecurityContext }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  runAsNonRoot: true
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  - name: files
    projected:
      defaultMode: 0440
      sources:
        {{- range .settings }}
        {{- if .key }}
        - {{ ternary "secret" "configMap" (hasKey . "secret") }}:
            name: {{ default .configMap .secret | quote }}
            items: [{ key: {{ .key | quote }}, path: {{ .name }} }]
        {{- end }}
        {{- else }}
        []
        {{- end }}
{{- end -}}

{{- define "loopgate.containerBasics" -}}
image: {{ include "loopgate.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
env:
  {{- range .settings }}
  {{- if .key }}
  - { name: {{ .name }}, value: /run/loopgate/{{ .name }} }
  {{- else if .value }}
  - { name: {{ .name }}, value: {{ .value | quote }} }
  {{- end }}
  {{- end }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  - { name: files, mountPath: /run/loopgate, readOnly: true }
resources:
  {{- toYaml (index .root.Values .name).resources | nindent 2 }}
{{- end -}}
