import express, { type Express } from 'express';
import { docsPages, documentPath, sendPage } from './pages.js';

const FETCH_MS = 5_000;

/**
 * The API's documentation for a cluster, where no edge of ours runs: the pages, and the documents as the services give them.
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
      res.status(502).type('application/problem+json');
      res.send(JSON.stringify({ type: 'about:blank', title: 'Bad Gateway', status: 502, detail: `${service} does not answer.` }));
    });
  }
  return app;
}

async function documentOf(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(FETCH_MS) });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}
