{{/* The destinations that a service connects to, as { names: [...] }. Input: { root, name } */}}
{{- define "sidecart.destinationsOf" -}}
{{- $values := .root.Values -}}
{{- $names := list "dns" "dapr" (ternary "kubernetes" "vault" (eq $values.components.secrets "kubernetes")) "state" "pubsub" -}}
{{- $names = concat $names (index (.root.Files.Get "traffic.yaml" | fromYaml) .name "reaches" | default list) -}}
{{- if ne $values.components.files "s3" -}}{{- $names = without $names "files" -}}{{- end -}}
{{- if include "sidecart.telemetry" .root -}}{{- $names = append $names "telemetry" -}}{{- end -}}
{{- $used := list -}}
{{- range $names -}}{{- if (index $values.networkPolicy.destinations .).enabled -}}{{- $used = append $used . -}}{{- end -}}{{- end -}}
names: {{ toJson $used }}
{{- end -}}

{{/* The rule for a destination. Input: { root, name } */}}
{{- define "sidecart.egressRule" -}}
{{- $own := index .root.Values.networkPolicy.destinations .name -}}
{{- $rule := dict -}}
{{- with $own.to | default (include "sidecart.knownPeers" . | fromYaml).peers -}}{{- $_ := set $rule "to" . -}}{{- end -}}
{{- with $own.ports | default (include "sidecart.knownPorts" . | fromYaml).ports -}}{{- $_ := set $rule "ports" . -}}{{- end -}}
- {{ toYaml $rule | nindent 2 | trim }}
{{- end -}}

{{/* The usual ports of a destination, as { ports: [...] }. Input: { root, name } */}}
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
{ peers: [...] }. { unknown: true } for a server that is not the one of k8s/servers.
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
# Any public address, and none of the cluster, of private networks or of a cloud's metadata server.
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
{{- $mail := include "sidecart.env" (dict "root" .root "name" "notifications" "own" (include "sidecart.service" (dict "root" .root "name" "notifications") | fromYaml).env) | fromYaml -}}
{{- $pubsub := $values.components.pubsub -}}
{{- $known := get (dict
  "state" (dict "server" $values.components.state "connections" (list $connections.stateConnection))
  "pubsub" (dict "server" (ternary "nats" $pubsub (eq $pubsub "jetstream")) "connections" (list $connections.pubsubConnection))
  "documents" (dict "server" "mongodb" "connections" (list (dig "identity" "DOCUMENTS_URL" "" $settings) (dig "catalog" "DOCUMENTS_URL" "" $settings)))
  "mail" (dict "server" "mail" "connections" (list $mail.SMTP_URL (dig "notifications" "SMTP_URL" "" $settings)))
  "telemetry" (dict "server" "collector" "connections" (list (include "sidecart.telemetry" .root)))) .name | default dict -}}
{{- $given := compact ($known.connections | default list) -}}
{{- $seen := or $given (not (or $values.existingSecrets (ne $values.components.secrets "kubernetes"))) -}}
{{- range $given -}}
{{- $address := regexReplaceAll "^[a-z+]+://" . "" -}}
{{- if not (regexMatch (printf "(^|@|host=|\\(|,)%s([:)/, ]|$)" $known.server) $address) -}}{{- $seen = false -}}{{- end -}}
{{- end -}}
{{- if $seen -}}{{- $known.server -}}{{- end -}}
{{- end -}}
