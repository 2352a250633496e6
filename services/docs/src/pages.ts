import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';

interface Page {
  type: string;
  body: string | Buffer;
}

/** Swagger UI needs inline styles and data URLs. Scripts and requests stay on this origin. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Returns the pages by path: one Swagger UI with the document of each service. */
export async function docsPages(services: readonly string[]): Promise<Map<string, Page>> {
  return new Map<string, Page>([
    ['/api/docs', html('Sidecart API', DOCS)],
    ['/api/docs/start.js', { type: 'text/javascript; charset=utf-8', body: startScript(services) }],
    ['/api/docs/swagger-ui.css', await asset('swagger-ui.css', 'text/css; charset=utf-8')],
    ['/api/docs/swagger-ui-bundle.js', await asset('swagger-ui-bundle.js', 'text/javascript; charset=utf-8')],
    ['/api/docs/swagger-ui-standalone-preset.js', await asset('swagger-ui-standalone-preset.js', 'text/javascript; charset=utf-8')],
  ]);
}

/** Returns where the document of a service is served, which it has at `/openapi.json` itself. */
export const documentPath = (service: string) => `/api/docs/${service}/openapi.json`;

export function sendPage(res: ServerResponse, page: Page): void {
  res.writeHead(200, {
    'content-type': page.type,
    'content-length': Buffer.byteLength(page.body),
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  res.end(page.body);
}

function html(title: string, body: string): Page {
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><body>${body}</body></html>\n`;
  return { type: 'text/html; charset=utf-8', body: page };
}

const DOCS = `<link rel="stylesheet" href="/api/docs/swagger-ui.css"><div id="docs"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script><script src="/api/docs/swagger-ui-standalone-preset.js"></script>
<script src="/api/docs/start.js"></script>`;

function startScript(services: readonly string[]): string {
  const urls = services.map((name) => ({ name, url: documentPath(name) }));
  return `SwaggerUIBundle({
  urls: ${JSON.stringify(urls)},
  dom_id: '#docs',
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: 'StandaloneLayout',
});
`;
}

async function asset(name: string, type: string): Promise<Page> {
  const file = createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`);
  return { type, body: await readFile(file) };
}
