{{/* The keys of Secret `sidecart` to which the chosen components refer, as { keys: [...] } */}}
{{- define "sidecart.connectionKeys" -}}
{{- $keys := list -}}
{{- range (include "sidecart.components" . | fromYaml).items -}}
{{- range .spec.metadata -}}
{{- if .secretKeyRef -}}{{- $keys = append $keys .secretKeyRef.key -}}{{- end -}}
{{- end -}}
{{- end -}}
keys: {{ $keys | uniq | sortAlpha | toJson }}
{{- end -}}

{{/*
The Secrets that a service and its sidecar read, as { names: [...] }. With Vault, the settings of
the service are not in the cluster. Input: { root, name }
*/}}
{{- define "sidecart.secretsOf" -}}
{{- $names := list "sidecart" (printf "sidecart-%s-app-token" .name) (printf "sidecart-%s-api-token" .name) -}}
{{- if eq .root.Values.components.secrets "kubernetes" -}}{{- $names = append $names (printf "sidecart-%s" .name) -}}{{- end -}}
names: {{ $names | toJson }}
{{- end -}}

{{/* New values for the secrets of an entry in services.yaml that are not given. Input: the entry */}}
{{- define "sidecart.generated" -}}
{{- $generated := dict -}}
{{- range $key, $kind := .secrets -}}
{{- if eq $kind "signing-key" -}}{{- $_ := set $generated $key (genPrivateKey "ecdsa") -}}
{{- else if eq $kind "key" -}}{{- $_ := set $generated $key (randBytes 32) -}}
{{- else if eq $kind "password" -}}{{- $_ := set $generated $key (randAlphaNum 20) -}}
{{- else if eq $kind "token" -}}{{- $_ := set $generated $key (randAlphaNum 48) -}}
{{- end -}}
{{- end -}}
{{- toYaml $generated -}}
{{- end -}}

{{/*
A Secret of the chart, as { data, rollout }. Data that the values do not give is generated once,
then read from the cluster. `rollout` is the revision of the release in which the data last changed.
Pods carry it, so a change restarts them, and it reveals nothing about the data.
Input: { root, name }
*/}}
{{- define "sidecart.secret" -}}
{{- $values := .root.Values -}}
{{- $service := trimPrefix "sidecart-" .name -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .name | default dict -}}
{{- $data := dict -}}
{{- if eq .name "sidecart" -}}{{- $data = $values.connections | default dict -}}
{{- else -}}
{{- $generated := dict "token" (randAlphaNum 48) -}}
{{- if not (hasSuffix "-token" .name) -}}
{{- $generated = include "sidecart.generated" (index (include "sidecart.list" .root | fromYaml) $service) | fromYaml -}}
{{- end -}}
{{- $kept := dict -}}
{{- range $key, $value := $found.data | default dict -}}{{- $_ := set $kept $key (b64dec $value) -}}{{- end -}}
{{- $data = mergeOverwrite (dict) $generated $kept (index ($values.settings | default dict) $service | default dict) -}}
{{- end -}}
{{- $rollout := dig "metadata" "annotations" "sidecart/rollout" "" $found -}}
{{- range $key, $value := $data -}}
{{- if ne (get ($found.data | default dict) $key) (toString $value | b64enc) -}}{{- $rollout = "" -}}{{- end -}}
{{- end -}}
{{- dict "data" $data "rollout" ($rollout | default (toString .root.Release.Revision)) | toJson -}}
{{- end -}}
