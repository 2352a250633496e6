/**
 * Traces and metrics over OTLP, loaded before anything else with `node --import @sidecart/chassis/telemetry`, because what is to be measured
 * must be patched before it is used. Off, and nothing loaded, unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set; the other `OTEL_*` variables of
 * the specification work as it says.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';

const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;

if (endpoint) {
  const [{ NodeSDK }, { HttpInstrumentation }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/instrumentation-http'),
  ]);
  process.env.OTEL_METRICS_EXPORTER ??= 'otlp';
  process.env.OTEL_LOGS_EXPORTER ??= 'none';
  process.env.OTEL_NODE_RESOURCE_DETECTORS ??= 'env';
  const ignoreIncomingRequestHook = ({ url }: { url?: string | undefined }) => url?.startsWith('/health') ?? false;
  const ignoreOutgoingRequestHook = ({ path, port }: { path?: string | null | undefined; port?: number | string | null | undefined }) =>
    (path?.includes('/healthz') ?? false) || endpoint.includes(`:${port}`);
  const sdk = new NodeSDK({ instrumentations: [new HttpInstrumentation({ ignoreIncomingRequestHook, ignoreOutgoingRequestHook })] });
  sdk.start();
  // What is patched is what is required, so require it, and let `import ... from 'node:http'` see the patch.
  const require = createRequire(import.meta.url);
  require('node:http');
  require('node:https');
  syncBuiltinESMExports();
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void sdk.shutdown().catch(() => undefined)); // the collector may be away
}
