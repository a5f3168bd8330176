{{- /* Every name of a setting must be one of .env.example */ -}}
{{- define "ocrsite.known" -}}
{{- $root := index . 0 -}}
{{- range $name := index . 1 -}}
{{- if not (regexMatch (printf "(?m)^%s=" $name) ($root.Files.Get "files/settings.env")) -}}
{{- fail (printf "%s is no setting of OCRSite (.env.example)" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* What is given in settings, and what follows from other values */ -}}
{{- define "ocrsite.settings" -}}
{{- $found := dict "ALLOWED_HOSTS" .Values.host "SITE_URL" (printf "https://%s" .Values.host) -}}
{{- /* what the sweeper asks: it has no way out to the site's own address */ -}}
{{- $_ := set $found "SITE_PROBE_URL" (printf "http://%s-web:%v/health/ready" (include "ocrsite.name" .) .Values.web.service.port) -}}
{{- if or .Values.ingress.enabled .Values.gateway.enabled -}}
{{- $_ := set $found "TRUSTED_PROXIES" "1" -}}
{{- if and (eq .Values.web.service.type "LoadBalancer") (not (hasKey .Values.settings "TRUSTED_PROXIES")) -}}
{{- fail "web.service.type is LoadBalancer beside ingress or gateway: who comes by it could tell the site any address; make it ClusterIP, or say in settings.TRUSTED_PROXIES how many proxies stand before it on each way" -}}
{{- end -}}
{{- end -}}
{{- include "ocrsite.known" (list . (keys .Values.settings)) -}}
{{- range $name, $value := .Values.settings -}}
{{- $_ := set $found $name (include "ocrsite.text" $value) -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{- /* The names of secrets that processes have */ -}}
{{- define "ocrsite.secretKeys" -}}
{{- $keys := .Values.secrets.keys -}}
{{- if not .Values.secrets.existing -}}{{- $keys = keys .Values.secrets.values -}}{{- end -}}
{{- $needed := list "SECRET_KEY" "DATABASE_URL" "REDIS_URL" -}}
{{- range $needed -}}
{{- if not (has . $keys) -}}{{- fail (printf "secrets lack %s: name the Secret that has it in secrets.existing, or give it in secrets.values" .) -}}{{- end -}}
{{- end -}}
{{- range $keys -}}
{{- if regexMatch "^[A-Z][A-Z0-9_]*$" . -}}{{- include "ocrsite.known" (list $ (list .)) -}}{{- end -}}
{{- end -}}
{{- toYaml (sortAlpha $keys) -}}
{{- end -}}

{{- define "ocrsite.secret" -}}
{{- .Values.secrets.existing | default (include "ocrsite.name" .) -}}
{{- end -}}

{{- /* (root, whether web, whether migrate): the keys that a process is given */ -}}
{{- define "ocrsite.keysOf" -}}
{{- $root := index . 0 -}}
{{- $without := list -}}
{{- if not (index . 1) -}}{{- $without = list "METRICS_TOKEN" "OIDC_CLIENT_SECRET" -}}{{- end -}}
{{- if or (not (index . 2)) $root.Values.secrets.owner -}}{{- $without = append $without "DATABASE_OWNER_URL" -}}{{- end -}}
{{- $found := list -}}
{{- range include "ocrsite.secretKeys" $root | fromYamlArray -}}
{{- if not (has . $without) -}}{{- $found = append $found . -}}{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{- /* (root, keys, whether migrate, settings of this process alone): a container's environment */ -}}
{{- define "ocrsite.env" -}}
{{- $root := index . 0 -}}
- {name: BIND, value: "0.0.0.0:8000"}
- {name: VAR_DIR, value: /var/lib/ocrsite}
- {name: UPLOAD_TEMP_DIR, value: /var/lib/ocrsite}
- {name: STATIC_ROOT, value: /srv/static}
- {name: ALIVE_FILE, value: /tmp/alive}
{{- range index . 1 }}
{{- if regexMatch "^[A-Z][A-Z0-9_]*$" . }}
- {name: {{ . }}_FILE, value: /run/secrets/ocrsite/{{ . }}}
{{- end }}
{{- end }}
{{- if and (index . 2) $root.Values.secrets.owner }}
- {name: DATABASE_OWNER_URL_FILE, value: /run/secrets/owner/DATABASE_OWNER_URL}
{{- end }}
{{- include "ocrsite.known" (list $root (keys (index . 3))) }}
{{- range $name, $value := index . 3 }}
- {name: {{ $name }}, value: {{ include "ocrsite.text" $value | quote }}}
{{- end }}
{{- end -}}
