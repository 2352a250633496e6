/**
 * The customers of `purchase`, in a separate process. Receives one `Task` at a time and sends its
 * `Result`.
 */
import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import type { Operation, Product, Result, Task } from './result.js';

interface Shopper {
  token: string;
  product: Product;
}

let pool: Pool;
/** Orders to pay, each with the token of its customer. */
const unpaid: { orderId: string; token: string }[] = [];

async function ask(method: 'GET' | 'POST', path: string, token: string, body?: object): Promise<{ id: string; status: string }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
  const answer = await pool.request({ method, path, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

const add = ({ token, product: { sku } }: Shopper) => ask('POST', '/api/cart/items', token, { sku, quantity: 1 });
const pay = (orderId: string, token: string) => ask('POST', '/api/payments', token, { orderId, paymentMethodId: 'pm_card_visa' });

const operations: Record<Operation, (shopper: Shopper) => Promise<unknown>> = {
  list: ({ token }: Shopper) => ask('GET', '/api/products?limit=20', token),
  detail: ({ token, product }: Shopper) => ask('GET', `/api/products/${product.id}`, token),
  'add to cart': add,
  'place order': async ({ token, product: { sku } }: Shopper) => {
    const { id } = await ask('POST', '/api/orders', token, { items: [{ sku, quantity: 1 }] });
    unpaid.push({ orderId: id, token });
  },
  pay: async () => {
    const order = unpaid.pop();
    if (!order) return 'nothing left';
    return pay(order.orderId, order.token);
  },
  purchase: async (shopper: Shopper) => {
    await operations.list(shopper);
    await operations.detail(shopper);
    await add(shopper);
    const { id } = await ask('POST', '/api/orders', shopper.token, {});
    await pay(id, shopper.token);
  },
};

async function run({ operation, edge, customers, seconds, tokens, products }: Task): Promise<Result> {
  pool = new Pool(edge, { connections: customers });
  const times: number[] = [];
  const failures: string[] = [];
  const start = performance.now();
  let turn = 0;
  let over = false;
  await Promise.all(
    Array.from({ length: customers }, async () => {
      while (!over && performance.now() - start < seconds * 1_000) {
        const n = turn++;
        const shopper = { token: tokens[n % tokens.length] ?? '', product: products[n % products.length] ?? { id: '', sku: '' } };
        const begin = performance.now();
        try {
          if ((await operations[operation](shopper)) === 'nothing left') over = true;
          else times.push(performance.now() - begin);
        } catch (error) {
          failures.push(String(error));
        }
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1_000;
  await pool.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
  return {
    done: times.length,
    perSecond: Math.round(times.length / elapsed),
    p50: at(0.5),
    p99: at(0.99),
    errors: failures.length,
    firstError: failures[0] ?? '',
  };
}

process.on('message', (task: Task) => void run(task).then((result) => process.send?.(result)));
