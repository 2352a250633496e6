/** A Kubernetes API server with as much as the chart's `lookup` needs: Secrets. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { listen } from '@sidecart/runner/listen';
import type { Resource } from '../support/chart.js';

export interface Secret extends Resource {
  stringData: Record<string, string>;
}

/** Returns the Secrets among a chart's objects, by name. */
export function secretsOf(objects: Resource[]): Record<string, Secret> {
  const isSecret = (object: Resource): object is Secret => object.kind === 'Secret';
  return Object.fromEntries(objects.filter(isSecret).map((secret) => [secret.metadata.name, secret]));
}

/** Calls `act` with flags that connect Helm to a cluster with these Secrets. */
export async function withCluster<T>(secrets: Record<string, Secret>, act: (flags: string[]) => Promise<T>): Promise<T> {
  const server = createServer((req, res) => {
    const found = answer(req.url?.split('?')[0] ?? '', secrets);
    res.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    res.end(JSON.stringify(found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }));
  });
  const port = await listen(server, 0, '127.0.0.1');
  try {
    return await act(['--dry-run=server', '--kube-apiserver', `http://127.0.0.1:${port}`]);
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}

function answer(path: string, secrets: Record<string, Secret>): object | undefined {
  const resources = [{ name: 'secrets', singularName: 'secret', namespaced: true, kind: 'Secret', verbs: ['get'] }];
  if (path === '/api/v1') return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'v1', resources };
  const secret = secrets[/^\/api\/v1\/namespaces\/[^/]+\/secrets\/([^/]+)$/.exec(path)?.[1] ?? ''];
  if (!secret) return undefined;
  const { stringData, ...rest } = secret;
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  return { ...rest, data: Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, base64(value)])) };
}
