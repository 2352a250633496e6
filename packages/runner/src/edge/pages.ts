import type { ServerResponse } from 'node:http';

interface Page {
  type: string;
  body: string;
}

/** Returns the edge's own pages by path: a start page and its health. */
export function edgePages(mailPage?: string): Map<string, Page> {
  const mail = mailPage ? `<li><a href="${mailPage}">Mails sent by the shop</a></li>` : '';
  const links = `<ul><li><a href="/api/docs">API of all services</a></li>${mail}</ul>`;
  const start = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sidecart</title><body><h1>Sidecart</h1>${links}</body></html>\n`;
  return new Map([
    ['/', { type: 'text/html; charset=utf-8', body: start }],
    ['/health', { type: 'application/json', body: '{"status":"ok"}' }],
  ]);
}

export function sendPage(res: ServerResponse, { type, body }: Page): void {
  res.writeHead(200, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  res.end(body);
}
