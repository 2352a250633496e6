{{/* The destinations of a service, as { names: [...] }. Input: { root, name } */}}
{{- define "sidecart.destinationsOf" -}}
{{- $values := .root.Values -}}
{{- $names := list "dns" "dapr" (ternary "kubernetes" "vault" (eq $values.components.secrets "kubernetes")) "state" "pubsub" -}}
{{- $entry := index (include "sidecart.list" .root | fromYaml) .name -}}
{{- $names = concat $names $entry.reaches -}}
{{- $local := (include "sidecart.volumes" (dict "root" .root "entry" $entry) | fromYaml).names -}}
{{- range $entry.bindings -}}{{- if not (has . $local) -}}{{- $names = append $names . -}}{{- end -}}{{- end -}}
{{- if include "sidecart.telemetry" .root -}}{{- $names = append $names "telemetry" -}}{{- end -}}
{{- $used := list -}}
{{- range $names -}}{{- if (get $values.networkPolicy.destinations . | default dict).enabled -}}{{- $used = append $used . -}}{{- end -}}{{- end -}}
names: {{ toJson $used }}
{{- end -}}

{{/* The egress rule of a destination. Input: { root, name } */}}
{{- define "sidecart.egressRule" -}}
{{- $own := index .root.Values.networkPolicy.destinations .name -}}
{{- $rule := dict -}}
{{- with $own.to | default (include "sidecart.knownPeers" . | fromYaml).peers -}}{{- $_ := set $rule "to" . -}}{{- end -}}
{{- with $own.ports | default (include "sidecart.knownPorts" . | fromYaml).ports -}}{{- $_ := set $rule "ports" . -}}{{- end -}}
- {{ toYaml $rule | nindent 2 | trim }}
{{- end -}}

{{/* The default ports of a destination, as { ports: [...] }. Input: { root, name } */}}
{{- define "sidecart.knownPorts" -}}
{{- $usual := dict "postgresql" 5432 "mysql" 3306 "jetstream" 4222 "redis" 6379 "rabbitmq" 5672 "kafka" 9092 -}}
{{- $port := get (dict
  "state" (get $usual .root.Values.components.state)
  "pubsub" (get $usual .root.Values.components.pubsub)
  "telemetry" (include "sidecart.telemetry" .root | regexFind "[0-9]+$")) .name -}}
ports: {{ if $port }}[{ port: {{ $port }} }]{{ else }}[]{{ end }}
{{- end -}}

{{/*
The peers of a destination: those of the values, else those that the chart knows, as
{ peers: [...] }. It is { unknown: true } for a server that is not in k8s/servers.
Input: { root, name }
*/}}
{{- define "sidecart.knownPeers" -}}
{{- $own := index .root.Values.networkPolicy.destinations .name -}}
{{- $server := include "sidecart.knownServer" . -}}
{{- if kindIs "slice" $own.to -}}
peers: {{ toJson $own.to }}
{{- else if eq .name "dapr" -}}
peers: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: {{ .root.Values.networkPolicy.daprNamespace }} } } }]
{{- else if has .name (list "files" "signIn" "paymentProvider") -}}
# Any public address, which excludes the cluster, private networks and a cloud's metadata server.
peers:
  - ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16] }
  - ipBlock: { cidr: '::/0', except: ['fc00::/7', 'fe80::/10'] }
{{- else if $server -}}
peers: [{ podSelector: { matchLabels: { app.kubernetes.io/name: {{ $server }} } } }]
{{- else -}}
unknown: true
{{- end -}}
{{- end -}}

{{/*
The name of a destination's server in k8s/servers if all known connections lead there, else empty.
Input: { root, name }
*/}}
{{- define "sidecart.knownServer" -}}
{{- $values := .root.Values -}}
{{- $connections := $values.connections | default dict -}}
{{- $settings := $values.settings | default dict -}}
{{- $server := get (dict
  "state" $values.components.state
  "pubsub" (ternary "nats" $values.components.pubsub (eq $values.components.pubsub "jetstream"))
  "documents" "mongodb"
  "mail" "mail"
  "telemetry" "collector") .name -}}
{{- $given := list -}}
{{- if eq .name "state" -}}{{- $given = list $connections.stateConnection -}}
{{- else if eq .name "pubsub" -}}{{- $given = list $connections.pubsubConnection -}}
{{- else if eq .name "telemetry" -}}{{- $given = list (include "sidecart.telemetry" .root) -}}
{{- else if has .name (list "documents" "mail") -}}
{{- $setting := get (dict "documents" "DOCUMENTS_URL" "mail" "SMTP_URL") .name -}}
{{- range $app := (include "sidecart.having" (dict "root" .root "field" "reaches" "value" .name) | fromYaml).names -}}
{{- $own := (include "sidecart.service" (dict "root" $.root "name" $app) | fromYaml).env -}}
{{- $env := include "sidecart.env" (dict "root" $.root "name" $app "own" $own) | fromYaml -}}
{{- $given = append (append $given (get $env $setting)) (dig $app $setting "" $settings) -}}
{{- end -}}
{{- end -}}
{{- $given = compact $given -}}
{{- $seen := or $given (not (or $values.existingSecrets (ne $values.components.secrets "kubernetes"))) -}}
{{- range $given -}}
{{- $address := regexReplaceAll "^[a-z+]+://" . "" -}}
{{- if not (regexMatch (printf "(^|@|host=|\\(|,)%s([:)/, ]|$)" $server) $address) -}}{{- $seen = false -}}{{- end -}}
{{- end -}}
{{- if $seen -}}{{- $server -}}{{- end -}}
{{- end -}}
