import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { APPS } from '../support/apps.js';
import { CHART, named, rendered, type Resource, type Values } from '../support/chart.js';
import { elsewhere, NEEDED } from './combinations.js';

const render = (values: Values) => rendered({ ...NEEDED, ...values });
const parts = (all: Resource[]) =>
  all.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.labels?.['app.kubernetes.io/component'] === 'observability');

test("services and sidecars send to the release's Collector, unless another is configured", async () => {
  const all = await render({ observability: { enabled: true } });
  expect(parts(all).map(({ metadata }) => metadata.name)).toEqual(['collector', 'grafana', 'jaeger', 'prometheus']);
  for (const app of APPS) {
    expect(JSON.stringify(named(all, 'Deployment', app))).toContain('"value":"http://collector:4318"');
    expect(named(all, 'Configuration', app)['spec']).toMatchObject({
      tracing: { otel: { endpointAddress: 'collector:4318', protocol: 'http' } },
    });
    expect(named(all, 'NetworkPolicy', app)['spec']).toMatchObject({
      egress: expect.arrayContaining([
        { ports: [{ port: 4318 }], to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'collector' } } }] },
      ]),
    });
  }
  const telemetry = { endpoint: 'http://elsewhere:4318' };
  const other = await render({ observability: { enabled: true }, telemetry, networkPolicy: elsewhere });
  expect(JSON.stringify(named(other, 'Deployment', 'orders'))).toContain('"value":"http://elsewhere:4318"');
  expect(parts(await render({}))).toEqual([]);
});

test('Prometheus gets the alerts and Grafana the dashboards of the chart unchanged', async () => {
  const all = await render({ observability: { enabled: true } });
  const files = {
    prometheus: ['alerts/sidecart.yaml'],
    grafana: ['overview', 'service', 'sidecars'].map((name) => `dashboards/${name}.json`),
  };
  for (const [name, paths] of Object.entries(files)) {
    const { data, ...map } = named(all, 'ConfigMap', name) as Resource & { data: Record<string, string> };
    for (const path of paths) expect(data[path.split('/')[1] ?? '']).toBe(await readFile(join(CHART, path), 'utf8'));
    expect(JSON.stringify(map).length + JSON.stringify(data).length).toBeLessThan(1024 * 1024); // the size limit of a ConfigMap
  }
});

test('an alert fires if any service is silent', async () => {
  const alerts = await readFile(join(CHART, 'alerts', 'sidecart.yaml'), 'utf8');
  const watched = Array.from(alerts.matchAll(/absent\(sidecart_outbox_slots\{job="(\w+)"\}\)/g), ([, app = '']) => app);
  expect(watched.toSorted()).toEqual([...APPS].toSorted());
});

test('the guide explains every alert and what to do', async () => {
  const alerts = await readFile(join(CHART, 'alerts', 'sidecart.yaml'), 'utf8');
  const names = Array.from(alerts.matchAll(/- alert: (\w+)/g), ([, name = '']) => name);
  expect(names.length).toBeGreaterThan(10);
  const guide = await readFile(join(root, 'docs', 'telemetry.md'), 'utf8');
  expect(names.filter((name) => !new RegExp(`^\\| \`${name}\` +\\| \\S.+ \\| \\S.+ \\|$`, 'm').test(guide))).toEqual([]);
});
