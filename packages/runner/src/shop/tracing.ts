/** The part of a sidecar's Configuration that has it send its traces to where the services send theirs. */
export interface Tracing {
  samplingRate: string;
  otel: { endpointAddress: string; isSecure: boolean; protocol: 'http' };
}

/**
 * Made of the variables that the services read, too; undefined where nothing is traced.
 * @throws when OTEL_EXPORTER_OTLP_ENDPOINT is not a URL
 */
export function tracing(env: NodeJS.ProcessEnv): Tracing | undefined {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint) return undefined;
  if (!URL.canParse(endpoint)) throw new Error(`OTEL_EXPORTER_OTLP_ENDPOINT is not a URL, as http://127.0.0.1:4318: ${endpoint}`);
  const { host, protocol } = new URL(endpoint);
  const otel = { endpointAddress: host, isSecure: protocol === 'https:', protocol: 'http' as const };
  return { samplingRate: env['OTEL_TRACES_SAMPLER_ARG'] ?? '1', otel };
}
