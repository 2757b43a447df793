{{- define "portcullis.name" -}}
{{- $name := contains "portcullis" .Release.Name | ternary .Release.Name (printf "%s-portcullis" .Release.Name) -}}
{{ $name | trunc 46 | trimSuffix "-" }}
{{- end }}

{{- define "portcullis.selector" -}}
app.kubernetes.io/name: portcullis
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "portcullis.labels" -}}
{{ include "portcullis.selector" . }}
app.kubernetes.io/component: webhook
app.kubernetes.io/part-of: portcullis
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "portcullis.artefactSelector" -}}
app.kubernetes.io/name: portcullis-artefacts
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "portcullis.artefactLabels" -}}
{{ include "portcullis.artefactSelector" . }}
app.kubernetes.io/component: artefact-door
app.kubernetes.io/part-of: portcullis
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "portcullis.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "portcullis.secret" -}}
{{- if eq .Values.certificates.source "files" -}}
{{ required "`certificates.secretName` must name the Secret" .Values.certificates.secretName }}
{{- else -}}
{{ include "portcullis.name" . }}-tls
{{- end -}}
{{- end }}

{{- define "portcullis.waiverNamespace" -}}
{{ .Values.waiverNamespace | default .Release.Namespace }}
{{- end }}

{{- define "portcullis.traceArguments" -}}
{{- with .Values.traces.collector }}
- --traces={{ . }}
- --traces-share={{ $.Values.traces.share }}
{{- end }}
{{- end }}

{{- define "portcullis.traceEnvironment" -}}
{{- if and .Values.traces.collector .Values.traces.headersSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: {secretKeyRef: {name: {{ .Values.traces.headersSecret }}, key: headers}}
{{- end }}
{{- end }}

{{- define "portcullis.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "portcullis.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
