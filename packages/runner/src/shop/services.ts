/** The list of services, `charts/sidecart/services.yaml`, and the lists that follow from it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceHeartbeat } from '@sidecart/contracts/heartbeat';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../tools/root.js';

export const LIST = 'charts/sidecart/services.yaml';

const Name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be like `orders`: lower-case letters, digits and hyphens');
const Topic = z.string().regex(/^[a-z][a-z0-9._-]{0,99}$/, 'must be like `order.paid`');
const Route = z.string().regex(/^(\/[\w.-]+)+$/, 'must be like `/api/products`');

/** How a secret is created. `given` ones are not: the operator sets them. */
const Kind = z.enum(['given', 'signing-key', 'key', 'password', 'token']);

const Service = z
  .strictObject({
    port: z.number().int().min(1024).max(64_835).optional(),
    routes: z.array(Route).default([]),
    calls: z.record(Name, z.array(z.string())).default({}),
    publishes: z.array(Topic).default([]),
    subscribes: z.array(Topic).default([]),
    secrets: z.record(z.string(), Kind).default({}),
    bindings: z.array(z.enum(['files', 'sms'])).default([]),
    reaches: z.array(z.enum(['documents', 'mail', 'signIn', 'paymentProvider'])).default([]),
    requests: z.array(Name).default([]),
    env: z.record(z.string(), z.string()).default({}),
    sidecar: z.boolean().default(true),
  })
  .refine(({ port, sidecar }) => (port !== undefined) === sidecar, { path: ['port'], message: 'is needed, unless `sidecar` is false' });

const Services = z.record(Name, Service).superRefine((services, context) => {
  const published = topicsOf(services);
  const taken = new Map<number, string>();
  for (const [name, service] of Object.entries(services)) {
    const { calls, requests, subscribes, sidecar } = service;
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: [name], message });
    for (const other of [...Object.keys(calls), ...requests])
      if (!services[other]) refuse(`calls or requests ${other}, which is not in the list`);
    for (const topic of subscribes) if (!published.includes(topic)) refuse(`subscribes to ${topic}, which no service publishes`);
    for (const port of sidecar ? Object.values(portsOf(service)) : []) {
      if (taken.has(port)) refuse(`needs port ${port}, which ${taken.get(port)} needs too`);
      taken.set(port, name);
    }
  }
});

export type SecretKind = z.infer<typeof Kind>;
export type Service = z.infer<typeof Service>;
export type Services = Record<string, Service>;

/**
 * Reads the list in a project folder, by default the repository.
 * @throws naming every field that is wrong
 */
export async function readServices(project = root): Promise<Services> {
  const { data, error } = Services.safeParse(parse(await readFile(join(project, LIST), 'utf8')));
  if (data) return data;
  throw new Error(`${LIST} is malformed:\n${z.prettifyError(error)}`);
}

/** Returns the ids of the services that have a sidecar. */
export function appsOf(services: Services): string[] {
  return Object.keys(services).filter((name) => services[name]?.sidecar);
}

/** Returns the local ports of a service and its sidecar, by their names in a Multi-App Run file. */
export function portsOf({ port = 0 }: Service) {
  return { appPort: port, daprHTTPPort: port + 500, daprGRPCPort: port + 600, daprInternalGRPCPort: port + 700 };
}

/** Returns the topics that services publish, each once. Dead-letter topics are not among them. */
export function topicsOf(services: Services): string[] {
  return [...new Set([...Object.values(services).flatMap(({ publishes }) => publishes), ServiceHeartbeat.type])];
}

/** Returns the topics that each service with a sidecar subscribes to. */
export function subscriptionsOf(services: Services): Record<string, string[]> {
  return Object.fromEntries(appsOf(services).map((name) => [name, services[name]?.subscribes ?? []]));
}
