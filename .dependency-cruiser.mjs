/** Who may import whom. `npm run lint` checks it. */
import { chassisRules } from './scripts/dependencies/chassis.mjs';
import { packageRules } from './scripts/dependencies/packages.mjs';
import { serviceRules } from './scripts/dependencies/services.mjs';

export default {
  forbidden: [...packageRules, ...chassisRules, ...serviceRules],
  options: {
    parser: 'swc', // TypeScript 7 has no API for other tools yet
    exclude: { path: '(^|/)dist/|[.]d[.]mts$' },
    doNotFollow: { path: 'node_modules' },
    combinedDependencies: false,
    webpackConfig: { fileName: 'scripts/dependencies/resolve.mjs' }, // its `resolve.alias` alone is read
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
