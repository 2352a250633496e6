import { routes, type Routes } from '@sidecart/chassis/routes';

/**
 * Keeps every response under `/api` out of caches: tokens, secrets and personal data are in them.
 * It must be mounted first. A route may override the header.
 */
export function noStoreRoutes(): Routes {
  const all = routes('auth');
  all.router.use('/api', (_req, res, next) => {
    res.setHeader('cache-control', 'no-store');
    next();
  });
  return all;
}
