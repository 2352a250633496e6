/**
 * Runs the shop in a separate process, as `npm start` does, because telemetry must be loaded before
 * anything else. Takes the folder as its argument. Sends its addresses to its parent, and stops
 * when the parent exits or sends any message.
 */
import { HIGH_LIMITS, startShop } from '@sidecart/runner/shop';

const [folder = ''] = process.argv.slice(2);
const alone = new AbortController();
process.once('disconnect', () => alone.abort(new Error('The parent process is gone.')));
const shop = await startShop({ folder, env: HIGH_LIMITS, signal: alone.signal });
const end = () => void shop.stop().then(() => process.exit());
process.once('message', end).once('disconnect', end);
if (!process.connected) end();
process.send?.({ edge: shop.edge, admin: shop.system.admin, logs: shop.system.logs });
