/** The Multi-App Run file, as far as the runner looks into it. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ComponentFolder } from './components.js';
import { freePorts } from './ports.js';

const Port = z.number().int().min(1).max(65_535);

const App = z.object({
  appID: z.string(),
  appDirPath: z.string(),
  appPort: Port,
  daprHTTPPort: Port,
  daprGRPCPort: Port,
  daprInternalGRPCPort: Port,
  /** `node --title=<app id> ...`: the title tells the apps' processes apart. */
  command: z.array(z.string()).min(1),
});

const Plan = z.object({
  version: z.literal(1),
  common: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  apps: z.array(App).min(1),
});

export type App = z.infer<typeof App>;
export type Plan = z.infer<typeof Plan>;

const PORTS = ['appPort', 'daprHTTPPort', 'daprGRPCPort', 'daprInternalGRPCPort'] as const;

/** Reads a run file; folders are absolute in the answer. */
export async function readPlan(file: string): Promise<Plan> {
  const plan = Plan.parse(parse(await readFile(file, 'utf8')));
  const apps = plan.apps.map((app) => ({ ...app, appDirPath: resolve(dirname(file), app.appDirPath) }));
  return { ...plan, apps };
}

/** The same apps on ports that nothing listens on. */
export async function onFreePorts(plan: Plan): Promise<Plan> {
  const ports = await freePorts(plan.apps.length * PORTS.length);
  const shifted = (app: App) => ({ ...app, ...Object.fromEntries(PORTS.map((name) => [name, ports.pop()])) });
  return { ...plan, apps: z.array(App).parse(plan.apps.map(shifted)) };
}

/** Every port of a plan, by the setting that names it. */
export function portsOf(plan: Plan): Record<string, number> {
  return Object.fromEntries(plan.apps.flatMap((app) => PORTS.map((name) => [`${name} of ${app.appID} in dapr.yaml`, app[name]])));
}

/** How the settings of `common` are called as flags of the sidecar. */
const COMMON_FLAGS: Record<string, string> = {
  apiListenAddresses: 'dapr-listen-addresses',
  maxBodySize: 'max-body-size',
  logLevel: 'log-level',
  enableAppHealthCheck: 'enable-app-health-check',
  appHealthCheckPath: 'app-health-check-path',
  appHealthProbeInterval: 'app-health-probe-interval',
  appHealthProbeTimeout: 'app-health-probe-timeout',
  appHealthThreshold: 'app-health-threshold',
};

/** Returns the flags of an app's sidecar, on the components of a folder. It listens on this machine alone. */
export function sidecarFlags({ common }: Plan, app: App, { components, config }: ComponentFolder): string[] {
  const flags: Record<string, Plan['common'][string] | undefined> = {
    'app-id': app.appID,
    'app-port': app.appPort,
    'dapr-http-port': app.daprHTTPPort,
    'dapr-grpc-port': app.daprGRPCPort,
    'dapr-internal-grpc-port': app.daprInternalGRPCPort,
    'dapr-internal-grpc-listen-address': '127.0.0.1',
    'resources-path': components,
    config,
    'enable-metrics': false,
    ...Object.fromEntries(Object.entries(COMMON_FLAGS).map(([name, flag]) => [flag, common[name]])),
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value.toString()}`]));
}
