/** Resolves `@sidecart/...` to sources. The rules then see only sources, compiled or not. */
import { resolve } from 'node:path';
import { workspaces } from './workspaces.mjs';

const aliases = workspaces.flatMap(({ name, folder, exports }) =>
  Object.entries(exports).map(([entry, target]) => {
    const file = typeof target === 'string' ? target : target.default;
    const source = resolve(folder, file.replace('./dist/', '').replace('.js', '.ts'));
    return entry === './*' ? [name, resolve(folder, 'src')] : [`${name}${entry.slice(1)}$`, source];
  }),
);

export default { resolve: { alias: Object.fromEntries(aliases) } };
