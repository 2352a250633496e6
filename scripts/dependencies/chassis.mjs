/** The layers of the chassis. */

const SRC = '^packages/chassis/src';

/** Which other folders each folder may import. `service` composes all of them. */
const LAYERS = {
  telemetry: [],
  http: ['telemetry'],
  dapr: ['http', 'telemetry'],
  store: ['dapr', 'http', 'telemetry'],
  documents: ['http', 'telemetry'],
};

/** The type of the logger, and the error of the sidecar, which becomes a problem in `http`. */
const ANYWHERE = ['service/logger', 'dapr/dapr'];

export const chassisRules = [
  ...Object.entries(LAYERS).map(([folder, lower]) => ({
    name: 'chassis-layer',
    comment: `${folder}/ may import ${lower.join(', ') || 'no other folder'}.`,
    severity: 'error',
    from: { path: `${SRC}/${folder}/` },
    to: { path: `${SRC}/`, pathNot: [`${SRC}/(${[folder, ...lower].join('|')})/`, `${SRC}/(${ANYWHERE.join('|')})[.]ts$`] },
  })),
  {
    name: 'store-internals',
    severity: 'error',
    from: { pathNot: '^packages/chassis/(src/store|test)/' },
    to: { path: `${SRC}/store/internal/` },
  },
];
