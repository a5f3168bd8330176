{{- define "ocrsite.seconds" -}}
{{- $given := index (index . 0).Values.settings (index . 1) -}}
{{- if kindIs "invalid" $given -}}{{- index . 2 -}}{{- else -}}{{- ceil (float64 $given) | int -}}{{- end -}}
{{- end -}}

{{- /*
The processes, by the names of docker-compose.yml: where their values stand, the image's target and
command, the seconds that they take to start and to end, whether the internet is theirs.
A worker ends after the page in hand, which opening and decoding may delay by so long.
*/ -}}
{{- define "ocrsite.processes" -}}
{{- $page := add (include "ocrsite.seconds" (list . "OPEN_SECONDS" 20)) (include "ocrsite.seconds" (list . "PAGE_SECONDS" 20)) -}}
web: {values: web, image: web, starts: 60, ends: 45, internet: true}
worker: {values: worker, image: worker-cpu, starts: 120, ends: {{ max 60 (add $page 20) }}, pool: cpu, internet: false}
worker-io: {values: workerIo, image: worker-cpu, command: [python, manage.py, worker, --pool, io], starts: 120, ends: {{ max 60 (add $page 20) }}, pool: io, internet: true}
worker-gpu: {values: workerGpu, image: worker-gpu, starts: 600, ends: {{ max 90 (add $page 50) }}, pool: gpu, gpu: true, internet: false}
trainer: {values: trainer, image: worker-gpu, command: [python, manage.py, trainer], starts: 600, ends: {{ max 180 (add $page 140) }}, gpu: true, internet: false}
sweep: {values: sweep, image: web, command: [python, manage.py, sweep], starts: 60, ends: 30, internet: false}
deliver: {values: deliver, image: web, command: [python, manage.py, deliver], starts: 60, ends: 30, internet: true}
{{- end -}}

{{- /* What all pods of the site are: an ordinary user who may do little */ -}}
{{- define "ocrsite.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ocrsite.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* (root, keys, whether with weights) */ -}}
{{- define "ocrsite.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if index . 1 }}
- {name: secrets, mountPath: /run/secrets/ocrsite, readOnly: true}
{{- end }}
- {name: files, mountPath: /var/lib/ocrsite}
{{- if index . 2 }}
- {name: weights, mountPath: /var/lib/ocrsite/weights}
{{- end }}
{{- end -}}

{{- /* (root, keys, whether with weights, whether with the shared volume) */ -}}
{{- define "ocrsite.volumes" -}}
{{- $root := index . 0 -}}
- name: tmp
  emptyDir: {sizeLimit: {{ $root.Values.tmp.size }}{{ with $root.Values.tmp.medium }}, medium: {{ . }}{{ end }}}
{{- with index . 1 }}
- name: secrets
  secret:
    secretName: {{ include "ocrsite.secret" $root }}
    defaultMode: 0440
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}
- name: files
  {{- if and $root.Values.persistence.enabled (index . 3) }}
  persistentVolumeClaim: {claimName: {{ include "ocrsite.volume" $root }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ $root.Values.scratch.size }}}
  {{- end }}
{{- if index . 2 }}
- name: weights
  persistentVolumeClaim: {claimName: {{ include "ocrsite.weights" $root }}}
{{- end }}
{{- end -}}

{{- define "ocrsite.podMetadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "ocrsite.labels" $root | nindent 2 }}
  app.kubernetes.io/component: {{ index . 1 }}
  {{- with $root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  ocrsite/settings: {{ include "ocrsite.settings" $root | sha256sum | trunc 16 }}
  ocrsite/secrets: {{ $root.Values.secrets.values | toJson | sha256sum | trunc 16 }}
  {{- with $root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* (root, process's values): where its pods may run, and as whom */ -}}
{{- define "ocrsite.placing" -}}
{{- $root := index . 0 -}}
{{- $values := index . 1 -}}
serviceAccountName: {{ include "ocrsite.serviceAccount" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "ocrsite.podSecurity" $root | nindent 2 }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
