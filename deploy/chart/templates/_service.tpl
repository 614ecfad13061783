{{/*
Everything that one service consists of. Takes a dict:
  root, name    the service's values are .Values.<name>, its settings the template loopgate.settings.<name>
  service       type, port and annotations of its Service; absent: headless, for scraping
  webhook       the port of its webhook; absent: none
  callers       who may reach its port http, besides Prometheus
  reaches       keys of .Values.networkPolicy: where it may connect to, besides DNS
*/}}
{{- define "loopgate.service" -}}
{{- $values := index .root.Values .name -}}
{{ include "loopgate.serviceAccount" . }}
---
{{ include "loopgate.deployment" . }}
---
{{ include "loopgate.kubernetesService" . }}
---
{{ include "loopgate.podDisruptionBudget" . }}
{{- if (default dict $values.autoscaling).enabled }}
---
{{ include "loopgate.autoscaler" . }}
{{- end }}
{{- if .root.Values.networkPolicy.enabled }}
---
{{ include "loopgate.networkPolicy" . }}
{{- end }}
{{- end -}}

{{- define "loopgate.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "loopgate.name" . }}
  labels: {{- include "loopgate.labels" . | nindent 4 }}
  {{- with (index .root.Values .name).serviceAccountAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{- define "loopgate.deployment" -}}
{{- $values := index .root.Values .name -}}
{{- $settings := include (printf "loopgate.settings.%s" .name) . | fromYamlArray -}}
{{- $pod := merge (dict "settings" $settings) . -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "loopgate.name" . }}
  labels: {{- include "loopgate.labels" . | nindent 4 }}
spec:
  {{- if not (default dict $values.autoscaling).enabled }}
  replicas: {{ $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  # The new pods are ready before the old ones end.
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector:
    matchLabels: {{- include "loopgate.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "loopgate.selectorLabels" . | nindent 8 }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .name }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "loopgate.name" . }}
      {{- include "loopgate.podBasics" $pod | nindent 6 }}
      {{- include "loopgate.placement" $pod | nindent 6 }}
      # After the pause a service stops within 30 s.
      terminationGracePeriodSeconds: {{ add $values.preStopSeconds 40 }}
      containers:
        - name: {{ .name }}
          command: [node, services/{{ .name }}/src/main.ts]
          {{- include "loopgate.containerBasics" $pod | nindent 10 }}
          ports:
            - { name: http, containerPort: 8080 }
            {{- with .webhook }}
            - { name: webhook, containerPort: {{ . }} }
            {{- end }}
          {{- if $values.preStopSeconds }}
          lifecycle: { preStop: { sleep: { seconds: {{ $values.preStopSeconds }} } } }
          {{- end }}
          # A service that waits for NATS or MongoDB is alive, and not ready.
          startupProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60 }
          livenessProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
          readinessProbe: { httpGet: { path: /readyz, port: http }, periodSeconds: 3, timeoutSeconds: 5, failureThreshold: 2 }
{{- end -}}

{{- define "loopgate.placement" -}}
{{- $values := index .root.Values .name -}}
topologySpreadConstraints:
  {{- range $topology, $unsatisfiable := dict "kubernetes.io/hostname" $values.topologySpread.hosts "topology.kubernetes.io/zone" $values.topologySpread.zones }}
  - topologyKey: {{ $topology }}
    maxSkew: 1
    whenUnsatisfiable: {{ $unsatisfiable }}
    labelSelector:
      matchLabels: {{- include "loopgate.selectorLabels" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with index $values $field }}
{{ dict $field . | toYaml }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "loopgate.kubernetesService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "loopgate.name" . }}
  labels: {{- include "loopgate.labels" . | nindent 4 }}
  {{- with (default dict .service).annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .service }}
  type: {{ .type }}
  {{- else }}
  clusterIP: None
  {{- end }}
  selector: {{- include "loopgate.selectorLabels" . | nindent 4 }}
  ports:
    - { name: http, port: {{ (default (dict "port" 8080) .service).port }}, targetPort: http, appProtocol: http }
    {{- with .webhook }}
    - { name: webhook, port: {{ . }}, targetPort: webhook, appProtocol: http }
    {{- end }}
{{- end -}}

{{- define "loopgate.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "loopgate.name" . }}
  labels: {{- include "loopgate.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ (index .root.Values .name).podDisruptionBudget.maxUnavailable }}
  # Pods that are not ready must not hold up a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "loopgate.selectorLabels" . | nindent 6 }}
{{- end -}}

{{- define "loopgate.autoscaler" -}}
{{- $scaling := (index .root.Values .name).autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "loopgate.name" . }}
  labels: {{- include "loopgate.labels" . | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ include "loopgate.name" . }} }
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ $scaling.cpuUtilization }} } } }
    {{- with $scaling.metrics }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  behavior:
    scaleDown: { stabilizationWindowSeconds: {{ $scaling.scaleDownAfterSeconds }} }
{{- end -}}
