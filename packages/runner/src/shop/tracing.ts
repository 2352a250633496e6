/** The part of a sidecar's Configuration that makes it export traces. */
export interface Tracing {
  samplingRate: string;
  otel: { endpointAddress: string; isSecure: boolean; protocol: 'http' };
}

/**
 * Makes sidecars export traces to where the services do. Returns `undefined` if tracing is off.
 * @throws if OTEL_EXPORTER_OTLP_ENDPOINT is not a URL
 */
export function tracing(env: NodeJS.ProcessEnv): Tracing | undefined {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint) return undefined;
  if (!URL.canParse(endpoint)) throw new Error(`OTEL_EXPORTER_OTLP_ENDPOINT is not a URL like http://127.0.0.1:4318: ${endpoint}`);
  const { host, protocol } = new URL(endpoint);
  const otel = { endpointAddress: host, isSecure: protocol === 'https:', protocol: 'http' as const };
  return { samplingRate: env['OTEL_TRACES_SAMPLER_ARG'] ?? '1', otel };
}
