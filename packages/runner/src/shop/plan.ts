/** What `npm start` runs, and `dapr run` from `dapr.yaml`: each service beside its sidecar. */
import { join } from 'node:path';
import type { ComponentFolder } from './components.js';
import { MEMORY_ENV, NODE_FLAGS } from './memory.js';
import { freePorts } from './ports.js';
import { LIST, portsOf, type Services } from './services.js';

/** Settings of every sidecar, by their names in a Multi-App Run file. */
export const COMMON = {
  resourcesPaths: ['.sidecart/components'],
  configFilePath: '.sidecart/config.yaml',
  apiListenAddresses: '127.0.0.1',
  placementHostAddress: '', // neither actors nor workflows are used
  maxBodySize: '16Mi',
  logLevel: 'warn',
  appLogDestination: 'console',
  daprdLogDestination: 'console',
  // A sidecar takes no events while its app does not answer or the state store is unreachable.
  enableAppHealthCheck: true,
  appHealthCheckPath: '/health/events',
  appHealthProbeInterval: 2,
  appHealthProbeTimeout: 1500,
  appHealthThreshold: 3,
  env: MEMORY_ENV,
};

/** The fields are those of a Multi-App Run file. */
export interface App extends ReturnType<typeof portsOf> {
  appID: string;
  appDirPath: string;
  /** The title distinguishes the processes of the apps. */
  command: string[];
}

/** Returns every service that has a sidecar, in a project folder. */
export function planOf(services: Services, project: string): App[] {
  return Object.entries(services)
    .filter(([, { sidecar }]) => sidecar)
    .map(([appID, service]) => ({
      appID,
      appDirPath: join(project, 'services', appID),
      ...portsOf(service),
      command: ['node', ...NODE_FLAGS, `--title=${appID}`, '--import', '@sidecart/chassis/telemetry', 'dist/src/main.js'],
    }));
}

/** Returns the same apps on ports that nothing listens on. */
export async function onFreePorts(apps: App[]): Promise<App[]> {
  const free = await freePorts(apps.length * 4);
  const next = () => free.pop() ?? 0;
  return apps.map((app) => ({ ...app, appPort: next(), daprHTTPPort: next(), daprGRPCPort: next(), daprInternalGRPCPort: next() }));
}

/** Returns every port of these apps, by the setting that changes it. */
export function portsBySetting(apps: App[]): Record<string, number> {
  return Object.fromEntries(
    apps.flatMap(({ appID, appPort, daprHTTPPort, daprGRPCPort, daprInternalGRPCPort }) =>
      Object.entries({ appPort, daprHTTPPort, daprGRPCPort, daprInternalGRPCPort }).map(([name, port]) => [
        `the port of ${appID} in ${LIST}, which determines its ${name}`,
        port,
      ]),
    ),
  );
}

/** Returns the flags of an app's sidecar, which is reachable from this machine only. */
export function sidecarFlags(app: App, { components, config }: ComponentFolder): string[] {
  const flags = {
    'app-id': app.appID,
    'app-port': app.appPort,
    'dapr-http-port': app.daprHTTPPort,
    'dapr-grpc-port': app.daprGRPCPort,
    'dapr-internal-grpc-port': app.daprInternalGRPCPort,
    'dapr-internal-grpc-listen-address': '127.0.0.1',
    'resources-path': components,
    config,
    'enable-metrics': false,
    'dapr-listen-addresses': COMMON.apiListenAddresses,
    'max-body-size': COMMON.maxBodySize,
    'log-level': COMMON.logLevel,
    'enable-app-health-check': COMMON.enableAppHealthCheck,
    'app-health-check-path': COMMON.appHealthCheckPath,
    'app-health-probe-interval': COMMON.appHealthProbeInterval,
    'app-health-probe-timeout': COMMON.appHealthProbeTimeout,
    'app-health-threshold': COMMON.appHealthThreshold,
  };
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
}
