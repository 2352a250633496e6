import { routes, type Routes } from '@sidecart/chassis/routes';

/** Keeps answers of the API out of all caches: they have tokens, secrets or personal data. A route that comes later may say otherwise. */
export function noStore(): Routes {
  const all = routes('auth');
  all.router.use('/api', (_req, res, next) => {
    res.setHeader('cache-control', 'no-store');
    next();
  });
  return all;
}
