/**
 * The shop in a process of its own, as `npm start` runs it, because telemetry is loaded before anything else. The folder is the argument.
 * Sends where it is, and stops when its parent is gone or says anything.
 */
import { HIGH_LIMITS, startShop } from '@sidecart/runner/shop';

const [folder = ''] = process.argv.slice(2);
const alone = new AbortController();
process.once('disconnect', () => alone.abort(new Error('Nobody waits for the shop any more.')));
const shop = await startShop({ folder, env: HIGH_LIMITS, signal: alone.signal });
const end = () => void shop.stop().then(() => process.exit());
process.once('message', end).once('disconnect', end);
if (!process.connected) end();
process.send?.({ edge: shop.edge, admin: shop.system.admin, logs: shop.system.logs });
