/**
 * Files, or parts of files, that `npm run generate` writes from `charts/sidecart/services.yaml`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMON, planOf } from '@sidecart/runner/plan';
import { root } from '@sidecart/runner/root';
import { appsOf, type Services } from '@sidecart/runner/services';
import { format } from 'prettier';
import { Document, isScalar, visit } from 'yaml';

type Write = (services: Services, text: string) => string;

const WRITE: Record<string, Write> = {
  'dapr.yaml': daprYaml,
  'tsconfig.json': withReferences,
  'charts/sidecart/alerts/sidecart.yaml': withSilenceAlert,
};

/** Returns the text that each generated file should have, by path. */
export async function generated(services: Services, project = root): Promise<Record<string, string>> {
  const written = Object.entries(WRITE).map(async ([path, write]) => {
    const text = write(services, await readFile(join(project, path), 'utf8').catch(() => ''));
    return [path, await format(text, { filepath: path, printWidth: 140, singleQuote: true })] as const;
  });
  return Object.fromEntries(await Promise.all(written));
}

/** Returns a Multi-App Run file for the Dapr CLI. */
function daprYaml(services: Services): string {
  const document = new Document({ version: 1, common: COMMON, apps: planOf(services, '') });
  document.commentBefore = ` Written by \`npm run generate\` from charts/sidecart/services.yaml, for \`dapr run -f .\` with the Dapr CLI.
 It uses the components and secrets that \`npm start\` writes to .sidecart/.`;
  visit(document, { Seq: (_, list) => void (list.flow = list.items.every(isScalar)) });
  return document.toString({ lineWidth: 0 });
}

/** Returns the root tsconfig.json with references to every service after those to packages. */
function withReferences(services: Services, text: string): string {
  const config: { references: { path: string }[] } = JSON.parse(text);
  const others = config.references.filter(({ path }) => !path.startsWith('services/'));
  return JSON.stringify({ ...config, references: [...others, ...Object.keys(services).map((name) => ({ path: `services/${name}` }))] });
}

/** The alert ServiceSilent names every service, because `absent` needs a name. */
function withSilenceAlert(services: Services, text: string): string {
  const absent = appsOf(services).map((app) => `absent(sidecart_outbox_slots{job="${app}"})\n`);
  return text.replace(/absent\(sidecart_outbox_slots\{.*\}\)\n(\s+or absent\(.*\)\n)*/, absent.join('            or '));
}
