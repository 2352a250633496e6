import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Services } from '../shop/services.js';

/** What `app.ts` of a service without a sidecar exports. */
interface AppModule {
  createApp: (targets: Record<string, string>) => Promise<RequestListener>;
}

/**
 * Loads the apps of the services without a sidecar, by service. In a cluster each has a pod; here the
 * edge serves them, because another process would only cost memory.
 * @param targets base URL by app id
 */
export async function loadApps(
  services: Services,
  targets: Record<string, string>,
  project: string,
): Promise<Map<string, RequestListener>> {
  const apps = new Map<string, RequestListener>();
  for (const [name, { sidecar }] of Object.entries(services)) {
    if (sidecar) continue;
    const file = join(project, 'services', name, 'dist', 'src', 'app.js');
    const { createApp }: AppModule = await import(pathToFileURL(file).href);
    apps.set(name, await createApp(targets));
  }
  return apps;
}
