{{/* What a service has: serviceDefaults, and over them what stands under its name. Input: { root, name } */}}
{{- define "sidecart.service" -}}
{{- $own := index .root.Values.services .name | default dict -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.serviceDefaults) (deepCopy $own)) -}}
{{- end -}}

{{/* Labels by which pods are chosen. Input: { root, name } */}}
{{- define "sidecart.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* Labels of everything. Input: { root, name } */}}
{{- define "sidecart.labels" -}}
{{ include "sidecart.selector" . }}
app.kubernetes.io/part-of: sidecart
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "sidecart.image" -}}
{{ .root.Values.image.registry }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* A file of components/, or a sentence that names the value. Input: { root, block, provider, file } */}}
{{- define "sidecart.componentFile" -}}
{{- $text := .root.Files.Get (printf "components/%s.yaml" .file) -}}
{{- if not $text -}}
{{- fail (printf "components.%s: there is no %q; components/ has no file %s.yaml" .block .provider .file) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* All chosen component files, as { items: [...] } */}}
{{- define "sidecart.components" -}}
{{- $chosen := .Values.components -}}
{{- $files := list
  (dict "block" "state" "provider" $chosen.state "file" (printf "state/%s" $chosen.state))
  (dict "block" "pubsub" "provider" $chosen.pubsub "file" (printf "pubsub/%s" $chosen.pubsub))
  (dict "block" "secrets" "provider" $chosen.secrets "file" (printf "secretstores/%s" $chosen.secrets))
  (dict "block" "files" "provider" $chosen.files "file" (printf "bindings/files-%s" $chosen.files))
  (dict "block" "sms" "provider" $chosen.sms "file" (printf "bindings/sms-%s" $chosen.sms))
  (dict "block" "cron" "provider" "cron" "file" "bindings/cron") -}}
items:
{{- range $files }}
- {{ include "sidecart.componentFile" (merge (dict "root" $) .) | fromYaml | toJson }}
{{- end }}
{{- end -}}

{{/* The services that call the one named. Input: { traffic, name }; answers { apps: [...] } */}}
{{- define "sidecart.callers" -}}
{{- $callers := list -}}
{{- range $app, $own := .traffic -}}
{{- if hasKey $own.calls $.name -}}{{- $callers = append $callers $app -}}{{- end -}}
{{- end -}}
apps: {{ $callers | toJson }}
{{- end -}}

{{/* The topics that each service subscribes to, as `app=topic,topic;app=...` */}}
{{- define "sidecart.subscriptions" -}}
{{- $subscribing := list -}}
{{- range $app, $own := .Files.Get "traffic.yaml" | fromYaml -}}
{{- $subscribing = append $subscribing (printf "%s=%s" $app ($own.subscribes | join ",")) -}}
{{- end -}}
{{- $subscribing | join ";" -}}
{{- end -}}

{{- define "sidecart.publicUrl" -}}
{{- $gatewayHost := .Values.gateway.hostnames | first | default "" -}}
{{- if .Values.publicUrl -}}{{ .Values.publicUrl }}
{{- else if .Values.ingress.host -}}{{ ternary "https" "http" (ne .Values.ingress.tls.secretName "") }}://{{ .Values.ingress.host }}
{{- else if $gatewayHost -}}https://{{ $gatewayHost }}
{{- else -}}http://localhost:8080
{{- end -}}
{{- end -}}

{{/* Not empty if one of these parentRefs takes all listeners of its Gateway, plain HTTP too. */}}
{{- define "sidecart.anyListener" -}}
{{- range . -}}{{- if not (or .sectionName .port) -}}true{{- end -}}{{- end -}}
{{- end -}}

{{/* A volume with what reads the Kubernetes API, for the container that may. */}}
{{- define "sidecart.kubernetesApi" -}}
- name: kubernetes-api
  projected:
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3607 }
      - configMap:
          name: kube-root-ca.crt
          items: [{ key: ca.crt, path: ca.crt }]
      - downwardAPI:
          items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }]
{{- end -}}

{{/* Where traces and metrics go: what the values say, else the Collector of the release, if it has one */}}
{{- define "sidecart.telemetry" -}}
{{- .Values.telemetry.endpoint | default (ternary "http://collector:4318" "" .Values.observability.enabled) -}}
{{- end -}}

{{/* What no container may do. */}}
{{- define "sidecart.locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* A service's environment: what the chart knows, then `env`, then its own. Input: { root, name, own } */}}
{{- define "sidecart.env" -}}
{{- $url := include "sidecart.publicUrl" .root -}}
{{- $known := dict
  "RATE_LIMIT_PER_ADDRESS" (.root.Values.rateLimits.perAddress | int | toString)
  "RATE_LIMIT_PER_ACCOUNT" (.root.Values.rateLimits.perAccount | int | toString)
  "TRUSTED_PROXIES" (toString .root.Values.trustedProxies) -}}
{{- if eq .name "identity" -}}{{- $known = merge $known (dict "PUBLIC_URL" $url "ACCOUNT_PAGES" (printf "%s/account" $url)) -}}{{- end -}}
{{- if eq .name "payments" -}}{{- $known = merge $known (dict "WEBHOOK_URL" "http://payments/api/payments/webhook") -}}{{- end -}}
{{- with include "sidecart.telemetry" .root -}}
{{- $known = merge $known (dict
  "OTEL_EXPORTER_OTLP_ENDPOINT" .
  "OTEL_SERVICE_NAME" $.name
  "OTEL_TRACES_SAMPLER" "parentbased_traceidratio"
  "OTEL_TRACES_SAMPLER_ARG" (toString $.root.Values.telemetry.sampling)) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $known (deepCopy .root.Values.env) (deepCopy .own)) -}}
{{- end -}}

{{- define "sidecart.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Whom pods run as. */}}
{{- define "sidecart.user" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{/* The volume that is mounted at a folder: etc-sidecart for /etc/sidecart */}}
{{- define "sidecart.volumeName" -}}
{{ trimPrefix "/" . | replace "/" "-" }}
{{- end -}}
