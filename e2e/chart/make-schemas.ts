/**
 * Makes `e2e/chart/schemas/` from the Go modules that publish the schemas. Needs Go. Run `node
 * e2e/dist/chart/make-schemas.js`.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '@sidecart/runner/root';
import { parse } from 'yaml';
import { z } from 'zod';

const MODULES = {
  kubernetes: 'k8s.io/kubernetes@v1.34.2',
  dapr: 'github.com/dapr/dapr@v1.18.2',
  gateway: 'sigs.k8s.io/gateway-api@v1.6.3',
  traefik: 'github.com/traefik/traefik/v3@v3.6.0',
};

/** Kubernetes' own kinds, by API group and version. */
const KINDS: Record<string, string[]> = {
  'core.v1': ['ConfigMap', 'Namespace', 'PersistentVolumeClaim', 'Pod', 'Secret', 'Service', 'ServiceAccount'],
  'apps.v1': ['Deployment', 'StatefulSet'],
  'autoscaling.v2': ['HorizontalPodAutoscaler'],
  'networking.v1': ['Ingress', 'NetworkPolicy'],
  'policy.v1': ['PodDisruptionBudget'],
  'rbac.v1': ['Role', 'RoleBinding'],
};

/** Files with one custom resource definition each. */
const DEFINITIONS: [keyof typeof MODULES, string][] = [
  ['dapr', 'charts/dapr/crds/components.yaml'],
  ['dapr', 'charts/dapr/crds/configuration.yaml'],
  ['dapr', 'charts/dapr/crds/resiliency.yaml'],
  ['gateway', 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  ['traefik', 'docs/content/reference/dynamic-configuration/traefik.io_middlewares.yaml'],
];

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  nullable?: boolean;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  [keyword: string]: unknown;
}

const Swagger = z.object({ definitions: z.record(z.string(), z.custom<Schema>()) });
const Definition = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(z.object({ name: z.string(), storage: z.boolean(), schema: z.object({ openAPIV3Schema: z.custom<Schema>() }) })),
  }),
});

const SHARED = 'kubernetes.json';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
/** Fields that a cluster writes and a chart does not. */
const WRITTEN_BY_CLUSTER = ['status', 'managedFields', 'creationTimestamp', 'selfLink', 'uid', 'resourceVersion', 'generation'];
/** Fields that take numbers and strings. */
const EITHER = { type: ['string', 'number'] };

const UNCHECKED = ['description', 'default', 'format'];

const folder = join(root, 'e2e', 'chart', 'schemas');
const run = promisify(execFile);

async function sourceOf(module: keyof typeof MODULES): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', MODULES[module]], { cwd: folder });
  return z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir;
}

/** Returns a schema that allows no other fields, without keywords that a check does not need. */
function strict(schema: Schema): Schema {
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return EITHER;
  const { nullable, properties, items, additionalProperties, ...rest } = schema;
  const open = schema['x-kubernetes-preserve-unknown-fields'] ?? false;
  const kept = Object.entries(rest).filter(([keyword]) => !keyword.startsWith('x-') && !UNCHECKED.includes(keyword));
  return {
    ...Object.fromEntries(kept),
    ...(nullable && schema.type && { type: [schema.type, 'null'].flat() }),
    ...(schema.$ref && { $ref: schema.$ref.replace('#/definitions/', `${SHARED}#/definitions/`) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties)
          .filter(([name]) => !WRITTEN_BY_CLUSTER.includes(name))
          .map(([name, property]) => [name, strict(property)]),
      ),
      ...(!open && { additionalProperties: false }),
    }),
    ...(items && { items: strict(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: strict(additionalProperties) }),
  };
}

async function write(name: string, schema: object): Promise<void> {
  await writeFile(join(folder, name), `${JSON.stringify(schema)}\n`);
}

/**
 * Kubernetes' kinds share one file of definitions. Each kind has a small file that refers to it.
 */
async function writeKubernetes(): Promise<void> {
  const file = join(await sourceOf('kubernetes'), 'api', 'openapi-spec', 'swagger.json');
  const { definitions } = Swagger.parse(JSON.parse(await readFile(file, 'utf8')));
  const used: Record<string, object> = {};
  const use = (name: string): void => {
    const definition = definitions[name];
    if (used[name] || !definition) return;
    used[name] = name.endsWith('.Quantity') ? EITHER : strict(definition);
    for (const [, next = ''] of JSON.stringify(used[name]).matchAll(/#\/definitions\/([\w.-]+)/g)) use(next);
  };
  for (const [group, kinds] of Object.entries(KINDS)) {
    for (const kind of kinds) {
      const name = `io.k8s.api.${group}.${kind}`;
      use(name);
      const [family, version = ''] = group.split('.');
      const prefix = family === 'core' ? '' : `${family}-`;
      await write(`${kind.toLowerCase()}-${prefix}${version}.json`, { $ref: `${SHARED}#/definitions/${name}`, required: ['metadata'] });
    }
  }
  await write(SHARED, { definitions: used });
}

async function writeDefinition(module: keyof typeof MODULES, path: string): Promise<void> {
  const { spec } = Definition.parse(parse(await readFile(join(await sourceOf(module), path), 'utf8')));
  for (const { name, schema } of spec.versions.filter(({ storage }) => storage)) {
    const { properties = {}, ...rest } = strict(schema.openAPIV3Schema);
    const metadata = { $ref: `${SHARED}#/definitions/${META}` };
    await write(`${spec.names.kind.toLowerCase()}-${spec.group.split('.')[0]}-${name}.json`, {
      ...rest,
      properties: { ...properties, metadata },
    });
  }
}

for (const file of await readdir(folder)) if (file.endsWith('.json')) await rm(join(folder, file));
await writeKubernetes();
for (const [module, path] of DEFINITIONS) await writeDefinition(module, path);
