/** Which workspace may import which. */
import { workspaces } from './workspaces.mjs';

const byFolder = new Map(workspaces.map((workspace) => [workspace.folder, workspace]));
const within = (folders) => `^(${folders.join('|')})/`;

export const packageRules = [
  {
    name: 'unresolved',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'undeclared',
    comment: 'Declare the package in the package.json of the importing workspace.',
    severity: 'error',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'undeclared-at-runtime',
    comment: 'What src/ imports is a dependency, because images leave devDependencies out.',
    severity: 'error',
    from: { path: '^(packages|services)/[^/]+/src/' },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
  ...workspaces.flatMap(undeclared),
  ...workspaces.flatMap(cycles),
  {
    name: 'service-imported',
    comment: 'Services are deployed alone. They share packages, and reach each other through Dapr.',
    severity: 'error',
    from: { pathNot: '^services/' },
    to: { path: '^services/' },
  },
  {
    name: 'service-imported-by-service',
    severity: 'error',
    from: { path: '^services/([^/]+)/' },
    to: { path: '^services/', pathNot: '^services/$1/' },
  },
  {
    name: 'test-imported-by-source',
    severity: 'error',
    from: { path: '^(packages|services)/[^/]+/src/' },
    to: { path: '^(packages|services)/[^/]+/test/' },
  },
  {
    name: 'e2e-folders',
    comment: 'A folder of e2e/ imports itself and support/. Code that two folders need goes there.',
    severity: 'error',
    from: { path: '^e2e/([^/]+)/' },
    to: { path: '^e2e/', pathNot: '^e2e/($1|support)/' },
  },
];

/** Another workspace that this one does not declare. Its devDependencies are not for `src/`. */
function undeclared({ folder, dependencies, devDependencies }) {
  const declare = (from, declared, types) => ({
    name: 'undeclared-workspace',
    comment: `Declare it in ${folder}/package.json.`,
    severity: 'error',
    from: { path: `^${folder}/${from}` },
    to: { path: within(byFolder.keys().toArray()), pathNot: within([folder, ...declared]), ...types },
  });
  return [declare('', [...dependencies, ...devDependencies]), declare('src/', dependencies, { dependencyTypesNot: ['type-only'] })];
}

/** A workspace that depends on this one, itself or through others. */
function cycles({ folder, dependencies, devDependencies }) {
  const back = [...dependencies, ...devDependencies].filter((other) => reaches(other, folder));
  if (back.length === 0) return [];
  const comment = `${back.join(' and ')} depend on ${folder} already.`;
  return [{ name: 'package-cycle', comment, severity: 'error', from: { path: `^${folder}/` }, to: { path: within(back) } }];
}

function reaches(from, to, seen = new Set()) {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  const { dependencies, devDependencies } = byFolder.get(from);
  return [...dependencies, ...devDependencies].some((next) => reaches(next, to, seen));
}
