// Adds the sample catalog to the shop in a cluster and leaves existing products unchanged.
// Arguments: the namespace and the address of the shop.
import { execFileSync } from 'node:child_process';
import { seed } from '@sidecart/runner/seed';

const [namespace, api] = process.argv.slice(2);
const secret = JSON.parse(
  execFileSync('kubectl', ['-n', namespace, 'get', 'secret', 'sidecart-identity', '-o', 'json'], { encoding: 'utf8' }),
);
const read = (key) => Buffer.from(secret.data[key], 'base64').toString();
await seed({ api, email: read('ADMIN_EMAIL'), password: read('ADMIN_PASSWORD'), log: (line) => console.log(line) });
