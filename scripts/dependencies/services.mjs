/** What the files inside one service may import. */

/**
 * The capability folders of each service, lowest first. Folders in one list do not import each
 * other.
 */
const LEVELS = {
  carts: [['cart'], ['merge']],
  catalog: [['categories'], ['products'], ['search']],
  identity: [
    ['accounts'],
    ['limits'],
    ['keys'],
    ['sessions'],
    ['codes', 'two-factor'],
    ['sign-in'],
    ['providers'],
    ['own-data'],
    ['staff'],
  ],
  inventory: [['locations'], ['stock'], ['holds', 'list', 'subscribers'], ['reservations']],
  orders: [['order'], ['checkout']],
};

/** Modules of the contracts that hold values. The others hold events and calls. */
const VALUES = ['access-token', 'address', 'common', 'money', 'order-states', 'phone', 'priced-line'];
/** Schemas that still take a value from a module with events. */
const UNSPLIT = '^services/(catalog|inventory)/';

/** Files that parse what a library or the state store returns. */
const ADAPTERS = ['mailer', 'main', 'user-index'];

const SRC = '^services/[^/]+/src/';
const named = (...names) => `(^|[/-])(${names.join('|')})[.]ts$`;

const listed = ([service, levels]) => `^services/${service}/src/(${levels.flat().join('|')})/`;

export const serviceRules = [
  ...Object.entries(LEVELS).flatMap(([service, levels]) => capabilities(`services/${service}/src`, levels)),
  {
    name: 'capability-unlisted',
    comment: 'List the folder in scripts/dependencies/services.mjs, above the folders it may import.',
    severity: 'error',
    from: { path: '^services/([^/]+)/src/([^/]+)/', pathNot: Object.entries(LEVELS).map(listed) },
    to: { path: '^services/$1/src/.+/', pathNot: '^services/$1/src/$2/' },
  },
  {
    name: 'app-imported',
    comment: 'app.ts composes the folders, and main.ts starts it.',
    severity: 'error',
    from: { path: SRC, pathNot: `${SRC}main[.]ts$` },
    to: { path: `${SRC}(app|main)[.]ts$` },
  },
  {
    name: 'schemas-outside-http',
    comment: 'Public schemas describe HTTP. The domain has its own types, and view.ts turns them into public ones.',
    severity: 'error',
    from: { path: SRC, pathNot: named('routes', 'schemas', 'view') },
    to: { path: `${SRC}.*schemas[.]ts$` },
  },
  {
    name: 'http-outside-routes',
    comment: 'Routes and calls alone serve HTTP.',
    severity: 'error',
    from: { path: SRC, pathNot: named('routes', 'calls') },
    to: { path: '^packages/chassis/src/http/(http|media|openapi|problem|routes)[.]ts$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'zod-in-domain',
    comment: 'Input is checked where it comes in: requests, calls, settings, and the adapters named here.',
    severity: 'error',
    from: { path: SRC, pathNot: named('routes', 'calls', 'schemas', 'values', 'config', 'settings', ...ADAPTERS) },
    to: { path: 'node_modules/zod/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'event-in-public-schema',
    comment: `Of the contracts, public schemas use ${VALUES.join(', ')}, so that an event can change without the API.`,
    severity: 'error',
    from: { path: `${SRC}.*schemas[.]ts$`, pathNot: UNSPLIT },
    to: { path: '^packages/contracts/', pathNot: named(...VALUES) },
  },
];

function capabilities(src, levels) {
  return levels.flatMap((level, n) =>
    level.map((folder) => ({
      name: 'capability-folder',
      comment: `${src}/${folder} may import ${levels.slice(0, n).flat().join(', ') || 'no other folder'}.`,
      severity: 'error',
      from: { path: `^${src}/${folder}/` },
      to: { path: `^${src}/.+/`, pathNot: `^${src}/(${[folder, ...levels.slice(0, n).flat()].join('|')})/` },
    })),
  );
}
