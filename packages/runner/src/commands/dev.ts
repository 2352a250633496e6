/** `npm run dev`: `npm start`, and a service restarts when a file of it is saved. */
import { watchProject } from '../dev/watch.js';
import { root } from '../tools/root.js';
import { runShop } from './run-shop.js';

await runShop(async ({ system }, say) => {
  const watcher = await watchProject({ project: root, apps: system, say });
  console.log('\nSave a file to compile it and restart the services that use it.');
  return watcher;
});
