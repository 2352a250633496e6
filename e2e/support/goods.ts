import { until } from '@sidecart/runner/until';
import type { Ask } from './api.js';

export interface Goods {
  productId: string;
  sku: string;
}

/** Creates a published product that costs 10.00 euros, with this many pieces in stock. */
export async function someGoods(admin: Ask, sku: string, pieces: number): Promise<Goods> {
  const product = {
    sku,
    name: `Test goods ${sku}`,
    description: 'For tests.',
    price: { amount: 1_000, currency: 'EUR' },
    status: 'published',
  };
  const { status, body } = await admin('POST', '/api/products', product);
  if (status !== 201) throw new Error(`the product was refused: ${JSON.stringify(body)}`);
  await until(`${sku} has a stock record`, 30, async () => (await admin('GET', `/api/inventories/${sku}`)).status === 200);
  if (pieces > 0)
    await admin(
      'POST',
      `/api/inventories/${sku}/movements`,
      { type: 'receive', quantity: pieces, reason: 'test' },
      { 'idempotency-key': `load-${sku}` },
    );
  return { productId: body.id, sku };
}

export interface Count {
  onHand: number;
  held: number;
  available: number;
}

export async function stockOf(admin: Ask, sku: string): Promise<Count> {
  const { onHand, held, available } = (await admin('GET', `/api/inventories/${sku}`)).body;
  return { onHand, held, available };
}

export interface Movement {
  seq: number;
  type: string;
  quantity: number;
  balance: number;
  reference: string | null;
}

/** Returns the whole ledger of a SKU, oldest first. Throws if it has gaps or does not add up. */
export async function ledgerOf(admin: Ask, sku: string): Promise<Movement[]> {
  const movements: Movement[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await admin('GET', `/api/inventories/${sku}/movements?limit=100${cursor ? `&cursor=${cursor}` : ''}`);
    movements.unshift(...body.data.toReversed());
    cursor = body.next;
  }
  let balance = 0;
  for (const [i, movement] of movements.entries()) {
    balance += movement.quantity;
    if (movement.seq !== i + 1 || movement.balance !== balance)
      throw new Error(`the ledger of ${sku} does not add up at ${JSON.stringify(movement)}`);
  }
  return movements;
}
