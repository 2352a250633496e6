/**
 * Traces and metrics over OTLP. Load it before anything else, with `node --import
 * @sidecart/chassis/telemetry`: modules must be patched before they are used. Without
 * `OTEL_EXPORTER_OTLP_ENDPOINT` it loads nothing. The other `OTEL_*` variables of the specification
 * apply.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';

const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
if (endpoint) await start(endpoint);

async function start(endpoint: string): Promise<void> {
  const [{ NodeSDK }, { defaultResource, resourceFromAttributes }, instrumentation] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/resources'),
    httpInstrumentation(endpoint),
  ]);
  process.env.OTEL_METRICS_EXPORTER ??= 'otlp';
  process.env.OTEL_LOGS_EXPORTER ??= 'none';
  process.env.OTEL_NODE_RESOURCE_DETECTORS ??= 'env';
  const sdk = new NodeSDK({
    // `npm start` sets APP_ID for each service, but not for the edge. A cluster sets
    // OTEL_SERVICE_NAME.
    serviceName: process.env.OTEL_SERVICE_NAME ?? process.env.APP_ID ?? 'edge',
    resource: defaultResource().merge(resourceFromAttributes({ 'service.instance.id': process.env.REPLICA ?? hostname() })),
    instrumentations: [instrumentation],
  });
  sdk.start();
  // Only required modules are patched. Require them, and let `import ... from 'node:http'` see the
  // patch.
  const require = createRequire(import.meta.url);
  require('node:http');
  require('node:https');
  syncBuiltinESMExports();
  // The collector may be unavailable.
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void sdk.shutdown().catch(() => undefined));
}

/** What Express adds to a request once it has found its route. */
interface Routed extends IncomingMessage {
  route?: { path: string };
}

/**
 * Leaves out health checks and the export itself. Names spans and metrics by route, e.g.
 * `/api/orders/:id`.
 */
async function httpInstrumentation(endpoint: string) {
  const [{ HttpInstrumentation }, { getRPCMetadata, RPCType }, { context }] = await Promise.all([
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/core'),
    import('@opentelemetry/api'),
  ]);
  return new HttpInstrumentation({
    ignoreIncomingRequestHook: ({ url }) => url?.startsWith('/health') ?? false,
    ignoreOutgoingRequestHook: ({ path, port }) => (path?.includes('/healthz') ?? false) || endpoint.includes(`:${port}`),
    responseHook(_span, response: IncomingMessage | ServerResponse) {
      const metadata = getRPCMetadata(context.active());
      if (!('req' in response) || metadata?.type !== RPCType.HTTP) return;
      // The route is known only at the end.
      response.prependOnceListener('close', () => {
        const { route }: Routed = response.req as Routed;
        if (route) metadata.route = route.path;
      });
    },
  });
}
