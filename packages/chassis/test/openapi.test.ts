import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openApi } from '../src/http/openapi.js';
import { routes } from '../src/http/routes.js';

const things = routes('things');
const body = z.strictObject({ name: z.string() });
things.get('/things', { summary: 'Lists things.', access: 'public', reply: z.unknown() }, () => []);
things.post('/things', { summary: 'Adds a thing.', access: { staff: 'catalog' }, body }, () => undefined);
things.put('/picture', { summary: 'Sets the picture.', access: 'admin', upload: 'picture' }, () => undefined);
things.post(
  '/sign-in',
  { summary: 'Signs in.', access: 'public', body, problems: { 401: 'Wrong password.', 409: 'Taken.' } },
  () => undefined,
);
things.post('/internal/things', { summary: 'Counts things.', access: 'internal' }, () => undefined);

const { paths } = openApi('things', [things]);
const responses = (path: string, method: 'get' | 'put' | 'post') => paths?.[path]?.[method]?.responses ?? {};

describe('the OpenAPI document', () => {
  test.each([
    ['/things', 'get', ['200', '304', '400', '401', '429', '503']],
    ['/things', 'post', ['204', '400', '401', '403', '413', '415', '429', '503']],
    ['/picture', 'put', ['204', '400', '401', '403', '413', '415', '429', '503']],
    ['/sign-in', 'post', ['204', '400', '401', '409', '413', '415', '429', '503']],
  ] as const)('lists every status of %s %s', (path, method, statuses) => {
    expect(Object.keys(responses(path, method)).toSorted()).toEqual(statuses);
  });

  test("appends a route's reason for a status to the general one", () => {
    expect(responses('/sign-in', 'post')['401']).toMatchObject({
      description: 'The access token is invalid. Omit it. Wrong password.',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
  });

  test.each(['429', '503'])('documents Retry-After for a %s', (status) => {
    expect(responses('/things', 'get')[status]).toMatchObject({ headers: { 'retry-after': { schema: { type: 'integer' } } } });
  });

  test('omits internal routes', () => {
    expect(Object.keys(paths ?? {})).toEqual(['/things', '/picture', '/sign-in']);
  });
});
