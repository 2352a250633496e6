/** `npm start`: the whole shop in `.sidecart/`, until Ctrl-C. */
import { runShop } from './run-shop.js';

await runShop();
