import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';

const child = new URL('telemetry-child.js', import.meta.url);
const telemetry = import.meta.resolve('@sidecart/chassis/telemetry');

/** A collector that records the OTLP it receives, as JSON. */
async function startCollector() {
  const traces: { traceId: string; parentSpanId?: string; kind: number }[] = [];
  let metrics = 0;
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(Buffer.from(chunk));
    if (req.url === '/v1/metrics') metrics++;
    if (req.url === '/v1/traces') {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString());
      for (const { scopeSpans } of resourceSpans) for (const { spans } of scopeSpans) traces.push(...spans);
    }
    res.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { traces, metrics: () => metrics, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

test('sends a request and the calls it makes to the collector, as one trace', async () => {
  const collector = await startCollector();
  const env = {
    ...process.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_METRIC_EXPORT_INTERVAL: '500',
    OTEL_METRIC_EXPORT_TIMEOUT: '400',
  };
  const service = fork(child, { execArgv: ['--import', telemetry], env });
  const [port] = await once(service, 'message');
  expect(await (await fetch(`http://127.0.0.1:${port}/outer`)).text()).toBe('outer');
  await until('three spans arrived', 10, async () => collector.traces.length >= 3);
  expect(new Set(collector.traces.map(({ traceId }) => traceId)).size).toBe(1);
  expect(collector.traces.filter(({ parentSpanId }) => !parentSpanId)).toHaveLength(1);
  await until('metrics arrived', 10, async () => collector.metrics() > 0);
  service.kill('SIGKILL');
  await once(service, 'exit');
  collector.close();
}, 30_000);

test('loads nothing without an endpoint', async () => {
  const probe = `process.stdout.write(String(process.moduleLoadList.length > 0 && Object.keys((await import('node:module')).default._cache ?? {}).some((name) => name.includes('@opentelemetry'))))`;
  const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...env } = process.env;
  const { execFileSync } = await import('node:child_process');
  const loaded = execFileSync(process.execPath, ['--import', telemetry, '--input-type=module', '-e', probe], { env, encoding: 'utf8' });
  expect(loaded).toBe('false');
});
