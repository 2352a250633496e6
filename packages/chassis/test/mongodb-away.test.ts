import { afterAll, expect, test } from '@jest/globals';
import { openDocuments } from '../src/documents/documents.js';
import { startFerretdb } from './mongodb.js';

let close = async (): Promise<void> => undefined;
afterAll(() => close());

test('lists are unavailable while their database is away, and the log is told why', async () => {
  const server = await startFerretdb('away').catch((error: unknown) => {
    process.stderr.write(`Lists without their database are not tested: ${String(error)}\n`);
  });
  if (!server) return;
  const documents = await openDocuments({ url: server.url });
  close = () => documents.close();
  const things = await documents.collection<{ _id: string; version: number }>('things', { indexes: [] });
  await server.stop();
  const expected = {
    kind: 'unavailable',
    slug: 'documents-unavailable',
    extras: { retryAfter: 1 },
    cause: { name: expect.stringMatching(/^Mongo/) },
  };
  await expect(things.find({ limit: 1 })).rejects.toMatchObject(expected);
  await expect(things.count()).rejects.toMatchObject(expected);
  await expect(things.put({ _id: 'a', version: 1 })).rejects.toMatchObject(expected);
}, 60_000);
