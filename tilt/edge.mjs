// Runs the local edge in front of the services in the cluster: the public routes, and all OpenAPI
// documents at /api/docs. Arguments: its port, then <service>=<address> for each service.
import { startEdge } from '@sidecart/runner/edge';
import { readServices } from '@sidecart/runner/services';

const [port, ...targets] = process.argv.slice(2);
const edge = await startEdge({
  port: Number(port),
  targets: Object.fromEntries(targets.map((target) => target.split('='))),
  services: await readServices(),
  mailPage: 'http://localhost:8025',
});
console.log(`The shop's API is at ${edge.url}/api, its documentation at ${edge.url}/api/docs.`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void edge.close().then(() => process.exit()));
