{{- define "ocrsite.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ocrsite.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ocrsite.labels" -}}
{{ include "ocrsite.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* (root, target of the Dockerfile) */ -}}
{{- define "ocrsite.image" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
ocrsite-{{ index . 1 }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}
{{- end -}}

{{- /* A value as text: whole numbers without an exponent */ -}}
{{- define "ocrsite.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{- define "ocrsite.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "ocrsite.name" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "ocrsite.volume" -}}
{{- .Values.persistence.existingClaim | default (printf "%s-files" (include "ocrsite.name" .)) -}}
{{- end -}}

{{- define "ocrsite.weights" -}}
{{- .Values.weights.existingClaim | default (printf "%s-weights" (include "ocrsite.name" .)) -}}
{{- end -}}
