// The local edge before the services in the cluster: public routes, and all OpenAPI documents at /api/docs. Arguments: its port, and
// <service>=<address> for each.
import { fileURLToPath } from 'node:url';
import { startEdge } from '@sidecart/runner/edge';

const [port, ...services] = process.argv.slice(2);
const edge = await startEdge({
  port: Number(port),
  targets: Object.fromEntries(services.map((service) => service.split('='))),
  routesFile: fileURLToPath(new URL('../charts/sidecart/routes.yaml', import.meta.url)),
  mailPage: 'http://localhost:8025',
});
console.log(`The shop answers at ${edge.url}/api, its docs are at ${edge.url}/api/docs.`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void edge.close().then(() => process.exit()));
