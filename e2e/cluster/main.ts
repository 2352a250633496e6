/**
 * Tries the chart in a real cluster: `npm run cluster -- --url http://localhost --values
 * k8s/trial/values.yaml`.
 */
import { parseArgs } from 'node:util';
import { root } from '@sidecart/runner/root';
import { cluster } from './cluster.js';
import { show } from './show.js';

const USAGE = `Installs the chart in the current kubectl context, breaks what it can, and uninstalls it.
The namespace and the servers in the values must exist.

  npm run cluster -- --url URL --values FILE [--namespace sidecart] [--set name=value]...

  --url      address of the ingress, for example http://localhost
  --running  uses the shop that is running already and leaves it installed; skips steps that need a new release`;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    values: { type: 'string', multiple: true, default: [] },
    namespace: { type: 'string', default: 'sidecart' },
    set: { type: 'string', multiple: true, default: [] },
    running: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help || !values.url) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}
process.chdir(root);
const flags = [...values.values.flatMap((file) => ['-f', file]), ...values.set.flatMap((pair) => ['--set', pair])];
const failed = await show({ url: values.url.replace(/\/$/, ''), flags: values.running ? undefined : flags, ...cluster(values.namespace) });
process.exitCode = failed === 0 ? 0 : 1;
