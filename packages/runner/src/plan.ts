/** The Multi-App Run file, as far as the runner looks into it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { ComponentFolder } from './components.js';
import type { Tokens } from './keys.js';
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

const Plan = z.object({ version: z.literal(1), common: z.looseObject({}), apps: z.array(App).min(1) });

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

/** Writes the run file for the CLI: the same plan on this folder's components, with the tokens of each app. Returns its path. */
export async function writePlan(
  plan: Plan,
  { folder, components, config }: ComponentFolder,
  tokens: Record<string, Tokens>,
): Promise<string> {
  const file = join(folder, 'dapr.yaml');
  const common = { ...plan.common, resourcesPaths: [components], configFilePath: config };
  const apps = plan.apps.map((app) => ({ ...app, env: tokens[app.appID] }));
  // The mode counts only for a new file.
  await rm(file, { force: true });
  await writeFile(file, stringify({ ...plan, common, apps }), { mode: 0o600 });
  return file;
}
