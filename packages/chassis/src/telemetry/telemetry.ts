/**
 * Traces and metrics over OTLP, loaded before anything else with `node --import @sidecart/chassis/telemetry`, because what is to be measured
 * must be patched before it is used. Off, and nothing loaded, unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set; the other `OTEL_*` variables of
 * the specification work as it says.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';

const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;

/** What Express adds to a request once it has found its route. */
interface Routed extends IncomingMessage {
  route?: { path: string };
}

if (endpoint) {
  const [{ NodeSDK }, resources, { HttpInstrumentation }, { getRPCMetadata, RPCType }, { context }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/core'),
    import('@opentelemetry/api'),
  ]);
  process.env.OTEL_METRICS_EXPORTER ??= 'otlp';
  process.env.OTEL_LOGS_EXPORTER ??= 'none';
  process.env.OTEL_NODE_RESOURCE_DETECTORS ??= 'env';
  const ignoreIncomingRequestHook = ({ url }: { url?: string | undefined }) => url?.startsWith('/health') ?? false;
  const ignoreOutgoingRequestHook = ({ path, port }: { path?: string | null | undefined; port?: number | string | null | undefined }) =>
    (path?.includes('/healthz') ?? false) || endpoint.includes(`:${port}`);
  /** Names spans and metrics by the route, `/api/orders/:id`, which is known only at the end. */
  const responseHook = (_span: unknown, response: IncomingMessage | ServerResponse) => {
    const metadata = getRPCMetadata(context.active());
    if (!('req' in response) || metadata?.type !== RPCType.HTTP) return;
    response.prependOnceListener('close', () => {
      const { route }: Routed = response.req as Routed;
      if (route) metadata.route = route.path;
    });
  };
  const sdk = new NodeSDK({
    // `npm start` sets APP_ID for each service, and not for the edge. In a cluster it is OTEL_SERVICE_NAME.
    serviceName: process.env.OTEL_SERVICE_NAME ?? process.env.APP_ID ?? 'edge',
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.instance.id': process.env.REPLICA ?? hostname() })),
    instrumentations: [new HttpInstrumentation({ ignoreIncomingRequestHook, ignoreOutgoingRequestHook, responseHook })],
  });
  sdk.start();
  // What is patched is what is required, so require it, and let `import ... from 'node:http'` see the patch.
  const require = createRequire(import.meta.url);
  require('node:http');
  require('node:https');
  syncBuiltinESMExports();
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void sdk.shutdown().catch(() => undefined)); // the collector may be away
}
