import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const { workspaces: patterns } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Every workspace: its folder, its exports, and the folders of the workspaces that it declares. */
export const workspaces = read(globSync(patterns.map((pattern) => `${pattern}/package.json`)).sort());

function read(files) {
  const manifests = files.map((file) => ({ folder: dirname(file), ...JSON.parse(readFileSync(file, 'utf8')) }));
  const folders = new Map(manifests.map(({ name, folder }) => [name, folder]));
  const among = (declared = {}) => Object.keys(declared).flatMap((name) => folders.get(name) ?? []);
  return manifests.map(({ name, folder, exports = {}, dependencies, devDependencies }) => ({
    name,
    folder,
    exports,
    dependencies: among(dependencies),
    devDependencies: among(devDependencies),
  }));
}
