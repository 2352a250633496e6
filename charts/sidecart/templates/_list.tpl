{{/*
The entries of services.yaml that have a sidecar, by service, each with all fields. Templates loop
over them. docs, which has no sidecar, is in docs.yaml.
*/}}
{{- define "sidecart.list" -}}
{{- $list := dict -}}
{{- range $name, $entry := .Files.Get "services.yaml" | fromYaml -}}
{{- if dig "sidecar" true $entry -}}
{{- $empty := dict "calls" dict "publishes" list "subscribes" list "secrets" dict "bindings" list "reaches" list "requests" list "env" dict -}}
{{- $_ := set $list $name (mergeOverwrite $empty $entry) -}}
{{- end -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}

{{/* Fails if the values name a service that is not in the list. */}}
{{- define "sidecart.refuseUnknown" -}}
{{- $known := include "sidecart.list" . | fromYaml | keys | sortAlpha -}}
{{- range $value := list "services" "settings" -}}
{{- range $name := keys (get $.Values $value | default dict) -}}
{{- if not (has $name $known) -}}
{{- fail (printf "%s.%s: there is no such service. services.yaml has %s" $value $name (join ", " $known)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The services whose entry has `value` in its `field`, as { names: [...] }.
Input: { root, field, value }
*/}}
{{- define "sidecart.having" -}}
{{- $names := list -}}
{{- range $name, $entry := include "sidecart.list" .root | fromYaml -}}
{{- $found := index $entry $.field -}}
{{- if kindIs "map" $found -}}{{- $found = keys $found -}}{{- end -}}
{{- if has $.value $found -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
names: {{ toJson $names }}
{{- end -}}

{{/* The topics that each service publishes, as `app=topic,topic;app=...` */}}
{{- define "sidecart.publications" -}}
{{- $scopes := list -}}
{{- range $name, $entry := include "sidecart.list" . | fromYaml -}}
{{- $topics := concat $entry.publishes (list (printf "dead-%s" $name) "service.heartbeat") -}}
{{- $scopes = append $scopes (printf "%s=%s" $name (join "," $topics)) -}}
{{- end -}}
{{- join ";" $scopes -}}
{{- end -}}

{{/* The topics that each service subscribes to, as `app=topic,topic;app=...` */}}
{{- define "sidecart.subscriptions" -}}
{{- $scopes := list -}}
{{- range $name, $entry := include "sidecart.list" . | fromYaml -}}
{{- $scopes = append $scopes (printf "%s=%s" $name (join "," $entry.subscribes)) -}}
{{- end -}}
{{- join ";" $scopes -}}
{{- end -}}

{{/* All topics but those of dead letters, as `topic,topic` */}}
{{- define "sidecart.topics" -}}
{{- $topics := list "service.heartbeat" -}}
{{- range $name, $entry := include "sidecart.list" . | fromYaml -}}{{- $topics = concat $topics $entry.publishes -}}{{- end -}}
{{- $topics | uniq | join "," -}}
{{- end -}}

{{/*
The bindings of a service that keep their data in a volume, as { names: [...] }.
Input: { root, entry }
*/}}
{{- define "sidecart.volumes" -}}
{{- $names := list -}}
{{- range .entry.bindings -}}
{{- if eq (get $.root.Values.components .) "local" -}}{{- $names = append $names . -}}{{- end -}}
{{- end -}}
names: {{ toJson $names }}
{{- end -}}
