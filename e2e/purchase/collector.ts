/** A real OpenTelemetry Collector with the chart's configuration, and what it exports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePorts } from '@sidecart/runner/ports';
import { root } from '@sidecart/runner/root';
import { tool } from '@sidecart/runner/tools';
import { until } from '@sidecart/runner/until';
import { z } from 'zod';

const Traces = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(z.object({ key: z.string(), value: z.object({ stringValue: z.string().optional() }) })) }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().default(''),
              name: z.string(),
              kind: z.number(),
              links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
});

export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** For example `orders` or `orders sidecar`. */
  service: string;
  links: { traceId: string; spanId: string }[];
}

export interface Collector {
  /** The value of OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string;
  /** All spans received so far. */
  spans: Span[];
  /** Returns what Prometheus would scrape now. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

export async function startCollector(folder: string): Promise<Collector> {
  const spans: Span[] = [];
  const jaeger = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(Buffer.from(chunk));
    spans.push(...spansOf(Buffer.concat(chunks).toString()));
    res.end('{}');
  }).listen(0, '127.0.0.1');
  await once(jaeger, 'listening');
  const [otlp = 0, prometheus = 0, health = 0] = await freePorts(3);
  const local = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
    connectors: { spanmetrics: { metrics_flush_interval: '1s' } },
    exporters: {
      'otlphttp/jaeger': {
        endpoint: `http://127.0.0.1:${(jaeger.address() as AddressInfo).port}`,
        encoding: 'json',
        compression: 'none',
      },
      prometheus: { endpoint: `127.0.0.1:${prometheus}` },
    },
    extensions: { health_check: { endpoint: `127.0.0.1:${health}` } },
    service: { telemetry: { metrics: { level: 'none' } } },
  };
  await writeFile(join(folder, 'collector.json'), JSON.stringify(local));
  const log = join(folder, 'collector.log');
  const output = openSync(log, 'w');
  const configs = [join(root, 'charts/sidecart/observability/collector.yaml'), join(folder, 'collector.json')];
  const program = spawn(
    await tool('otelcol'),
    configs.map((path) => `--config=file:${path}`),
    { stdio: ['ignore', output, output] },
  );
  closeSync(output);
  const kill = () => program.kill('SIGKILL');
  process.once('exit', kill);
  await until('the Collector is ready', 30, async () => {
    if (program.exitCode !== null) throw new Error(await readFile(log, 'utf8'));
    return fetch(`http://127.0.0.1:${health}`).then(
      ({ ok }) => ok,
      () => false,
    );
  });

  return {
    endpoint: `http://127.0.0.1:${otlp}`,
    spans,
    async metrics() {
      const answer = await fetch(`http://127.0.0.1:${prometheus}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
      return answer.text();
    },
    async stop() {
      process.removeListener('exit', kill);
      if (program.exitCode === null) {
        program.kill();
        await once(program, 'exit');
      }
      jaeger.close();
      jaeger.closeAllConnections();
    },
  };
}

/** A sidecar reports its service's name. It is told apart by its SDK, which is the one for Go. */
function spansOf(text: string): Span[] {
  return Traces.parse(JSON.parse(text)).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const attributes = new Map(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
    const name = attributes.get('service.name') ?? '';
    const service = attributes.get('telemetry.sdk.language') === 'nodejs' ? name : `${name} sidecar`;
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })));
  });
}
