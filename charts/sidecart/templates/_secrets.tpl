{{/* The keys of Secret `sidecart` that the chosen components refer to, as { keys: [...] } */}}
{{- define "sidecart.connectionKeys" -}}
{{- $keys := list -}}
{{- range (include "sidecart.components" . | fromYaml).items -}}
{{- range .spec.metadata -}}
{{- if .secretKeyRef -}}{{- $keys = append $keys .secretKeyRef.key -}}{{- end -}}
{{- end -}}
{{- end -}}
keys: {{ $keys | uniq | sortAlpha | toJson }}
{{- end -}}

{{/* The settings that a service does not start without, as { keys: [...] }. Input: its name */}}
{{- define "sidecart.neededSettings" -}}
keys: {{ get (dict
  "identity" (list "SIGNING_KEYS" "TWO_FACTOR_KEYS" "ADMIN_EMAIL" "ADMIN_PASSWORD" "DOCUMENTS_URL")
  "catalog" (list "DOCUMENTS_URL")
  "payments" (list "PAYMENT_WEBHOOK_SECRET")) . | default list | toJson }}
{{- end -}}

{{/*
The Secrets that a service and its sidecar read, as { names: [...] }. With Vault the service's
settings are not in the cluster. Input: { root, name }
*/}}
{{- define "sidecart.secretsOf" -}}
{{- $names := list "sidecart" (printf "sidecart-%s-app-token" .name) (printf "sidecart-%s-api-token" .name) -}}
{{- if eq .root.Values.components.secrets "kubernetes" -}}{{- $names = append $names (printf "sidecart-%s" .name) -}}{{- end -}}
names: {{ $names | toJson }}
{{- end -}}

{{/*
A Secret that the chart makes, as { data, rollout }. Data that the values do not give is made once
and kept: it is read from the cluster. `rollout` is the release's revision in which the data last
changed. Pods carry it, so that a change restarts them, and it tells nothing of the data.
Input: { root, name }
*/}}
{{- define "sidecart.secret" -}}
{{- $values := .root.Values -}}
{{- $service := trimPrefix "sidecart-" .name -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .name | default dict -}}
{{- $data := dict -}}
{{- if eq .name "sidecart" -}}{{- $data = $values.connections | default dict -}}
{{- else -}}
{{- $made := dict -}}
{{- if hasSuffix "-token" .name -}}{{- $made = dict "token" (randAlphaNum 48) -}}
{{- else if eq $service "identity" -}}
{{- $made = dict "SIGNING_KEYS" (genPrivateKey "ecdsa") "TWO_FACTOR_KEYS" (randBytes 32) "ADMIN_PASSWORD" (randAlphaNum 20) -}}
{{- else if eq $service "payments" -}}{{- $made = dict "PAYMENT_WEBHOOK_SECRET" (randAlphaNum 48) -}}
{{- end -}}
{{- $kept := dict -}}
{{- range $key, $value := $found.data | default dict -}}{{- $_ := set $kept $key (b64dec $value) -}}{{- end -}}
{{- $data = mergeOverwrite (dict) $made $kept (index ($values.settings | default dict) $service | default dict) -}}
{{- end -}}
{{- $rollout := dig "metadata" "annotations" "sidecart/rollout" "" $found -}}
{{- range $key, $value := $data -}}
{{- if ne (get ($found.data | default dict) $key) (toString $value | b64enc) -}}{{- $rollout = "" -}}{{- end -}}
{{- end -}}
{{- dict "data" $data "rollout" ($rollout | default (toString .root.Release.Revision)) | toJson -}}
{{- end -}}
