/** Serves the API documentation in a cluster. Without a sidecar: it only fetches public documents. */
import { z } from 'zod';
import { createApp } from './app.js';
import { Settings } from './config.js';

const { data, error } = Settings.safeParse(process.env);
if (!data) {
  console.error(`These settings are missing or malformed:\n${z.prettifyError(error)}`);
  process.exit(1);
}
const app = await createApp(Object.fromEntries(data.SERVICES.split(' ').map((name) => [name, `http://${name}`])));
const server = app.listen(data.APP_PORT);
server.keepAliveTimeout = 120_000; // longer than ingress controllers keep idle connections

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => server.close());
