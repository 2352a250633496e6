import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePorts, startSidecar, testComponents } from '@sidecart/runner/sidecar';
import { until } from '@sidecart/runner/until';

/**
 * Returns what Prometheus would scrape from a sidecar that has stored state, published and
 * delivered an event, and made a call.
 */
export async function sidecarMetrics(): Promise<string> {
  let delivered = 0;
  const app = createServer((req, res) => {
    if (req.url === '/delivered') delivered++;
    const subscriptions = [{ pubsubname: 'pubsub', topic: 'said', route: '/delivered' }];
    res.setHeader('content-type', 'application/json').end(JSON.stringify(req.url === '/dapr/subscribe' ? subscriptions : {}));
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const { port: appPort } = app.address() as AddressInfo;
  const { folder, components } = await testComponents({ pubsub: 'in-memory' }); // without its Configuration, which turns metrics off
  const [metricsPort = 0] = await freePorts(1);
  const sidecar = await startSidecar({ appId: 'measured', appPort, metricsPort, folder, components });
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${sidecar.httpPort}/v1.0/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  try {
    const entry = { entryId: '1', event: {}, contentType: 'application/json' };
    await post('state/state/transaction', { operations: [{ operation: 'upsert', request: { key: 'a', value: 1 } }] });
    await post('state/state/bulk', { keys: ['a'] });
    await post('publish/bulk/pubsub/said', [entry]);
    await post('invoke/measured/method/anything', {});
    await until('the event is delivered', 10, async () => delivered > 0);
    const read = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return await until('the sidecar has counted it', 30, async () => {
      const text = await read();
      return text.includes('pubsub_ingress') && text;
    });
  } finally {
    await sidecar.stop();
    app.close();
    app.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
}
