// A service with a route that calls itself once: telemetry-child. Sends its port to the parent.
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((req, res) => {
  if (req.url === '/inner') return void res.end('inner');
  const { port } = server.address() as AddressInfo;
  get({ host: '127.0.0.1', port, path: '/inner' }, (inner) => inner.resume().on('end', () => res.end('outer')));
}).listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
