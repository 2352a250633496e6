import { docsPages, html, type Page } from '@sidecart/docs/pages';

/**
 * Returns the edge's own pages by path: a start page, its health, and one Swagger UI with the
 * OpenAPI documents of all services.
 */
export async function edgePages(services: string[], mailPage?: string): Promise<Map<string, Page>> {
  const mail = mailPage ? `<li><a href="${mailPage}">Mails that the shop has sent</a></li>` : '';
  const links = `<ul><li><a href="/api/docs">API of all services</a></li>${mail}</ul>`;
  return new Map<string, Page>([
    ['/', html('Sidecart', `<h1>Sidecart</h1>${links}`)],
    ['/health', { type: 'application/json', body: '{"status":"ok"}' }],
    ...(await docsPages(services)),
  ]);
}
