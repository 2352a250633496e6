import { STATUS_CODES } from 'node:http';
import express, { type Express, type Response } from 'express';
import { docsPages, documentPath, sendPage } from './pages.js';

const FETCH_MS = 5_000;

/**
 * Serves the API documentation: its pages, and the OpenAPI document of each service. It runs in a
 * pod in a cluster, and in the edge on a developer's machine.
 * @param targets base URL by service
 */
export async function createApp(targets: Record<string, string>): Promise<Express> {
  const app = express();
  app.disable('x-powered-by');
  app.get(['/health/live', '/health/ready'], (_req, res) => void res.send('ok'));
  for (const [path, page] of await docsPages(Object.keys(targets))) app.get(path, (_req, res) => sendPage(res, page));
  for (const [service, url] of Object.entries(targets)) {
    app.get(documentPath(service), async (_req, res) => {
      const document = await documentOf(url);
      if (document !== undefined) return void res.type('json').send(document);
      sendProblem(res, 502, `${service} does not answer.`);
    });
  }
  app.use((_req, res) => sendProblem(res, 404, 'Nothing is served at this path.'));
  return app;
}

function sendProblem(res: Response, status: number, detail: string): void {
  res.status(status).type('application/problem+json');
  res.send(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail }));
}

async function documentOf(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(FETCH_MS) });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}
