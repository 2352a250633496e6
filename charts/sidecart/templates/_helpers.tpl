{{/* The values of a service: serviceDefaults, overridden by its own. Input: { root, name } */}}
{{- define "sidecart.service" -}}
{{- $own := get (.root.Values.services | default dict) .name | default dict -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.serviceDefaults) (deepCopy $own)) -}}
{{- end -}}

{{/* The labels that select pods. Input: { root, name } */}}
{{- define "sidecart.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* The labels of every object. Input: { root, name } */}}
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

{{/*
A file of components/. Fails with the name of the value if the file does not exist.
Input: { root, block, provider, file }
*/}}
{{- define "sidecart.componentFile" -}}
{{- $text := .root.Files.Get (printf "components/%s.yaml" .file) -}}
{{- if not $text -}}
{{- fail (printf "components.%s: there is no %q; components/ has no file %s.yaml" .block .provider .file) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* The chosen component files, as { items: [...] } */}}
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

{{/* The address of the shop for browsers */}}
{{- define "sidecart.publicUrl" -}}
{{- $gatewayHost := .Values.gateway.hostnames | first | default "" -}}
{{- if .Values.publicUrl -}}{{ .Values.publicUrl }}
{{- else if .Values.ingress.host -}}{{ ternary "https" "http" (ne .Values.ingress.tls.secretName "") }}://{{ .Values.ingress.host }}
{{- else if $gatewayHost -}}https://{{ $gatewayHost }}
{{- else -}}http://localhost:8080
{{- end -}}
{{- end -}}

{{/* Not empty if one of these parentRefs attaches to every listener of its Gateway, even HTTP */}}
{{- define "sidecart.anyListener" -}}
{{- range . -}}{{- if not (or .sectionName .port) -}}true{{- end -}}{{- end -}}
{{- end -}}

{{/* A volume with credentials for the Kubernetes API, for the one container that may use them */}}
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

{{/* The endpoint for traces and metrics: that of the values, or the Collector of the release */}}
{{- define "sidecart.telemetry" -}}
{{- .Values.telemetry.endpoint | default (ternary "http://collector:4318" "" .Values.observability.enabled) -}}
{{- end -}}

{{/* 80 % of a memory limit in Mi or Gi, for GOMEMLIMIT. Empty for other units */}}
{{- define "sidecart.goMemoryLimit" -}}
{{- if hasSuffix "Mi" . -}}{{ div (mul (trimSuffix "Mi" . | int) 80) 100 }}MiB
{{- else if hasSuffix "Gi" . -}}{{ div (mul (trimSuffix "Gi" . | int) 81920) 100 }}MiB
{{- end -}}
{{- end -}}

{{/* The security context of every container */}}
{{- define "sidecart.locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/*
The environment of a service: rate limits, its entry in services.yaml and telemetry, overridden by
`env`, then by its own. Input: { root, name, own }
*/}}
{{- define "sidecart.env" -}}
{{- $url := include "sidecart.publicUrl" .root -}}
{{- $known := dict
  "RATE_LIMIT_PER_ADDRESS" (.root.Values.rateLimits.perAddress | int | toString)
  "RATE_LIMIT_PER_ACCOUNT" (.root.Values.rateLimits.perAccount | int | toString)
  "TRUSTED_PROXIES" (toString .root.Values.trustedProxies) -}}
{{- range $key, $value := (index (include "sidecart.list" .root | fromYaml) .name).env -}}
{{- $_ := set $known $key (replace "{publicUrl}" $url $value) -}}
{{- end -}}
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

{{/* The user of every pod */}}
{{- define "sidecart.user" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{/* The name of the volume mounted at a folder, e.g. etc-sidecart for /etc/sidecart */}}
{{- define "sidecart.volumeName" -}}
{{ trimPrefix "/" . | replace "/" "-" }}
{{- end -}}
