import { isDeepStrictEqual } from 'node:util';
import type { Shop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { aCustomer, client, type Ask, type Customer } from '../../support/api.js';
import { someGoods } from '../../support/goods.js';
import type { Caller } from './requests.js';
import type { Known } from './values.js';

type Role = 'customer' | 'staff' | 'admin';
const PERMISSIONS = { customer: [], staff: ['catalog', 'inventory', 'orders', 'payments', 'users'], admin: [] };

/** The accounts that send requests, and the ids and values those requests may contain. */
export interface Cast {
  token: (caller: Caller) => string | undefined;
  known: Known;
  /**
   * Returns whether an account was deleted, suspended, signed out, or given another role, address
   * or password.
   */
  isSpent(): Promise<boolean>;
}

/**
 * Creates accounts, goods and orders. Requests change and delete them, so they are replaced at
 * times. `root` is an admin that no request mentions.
 */
export async function newCast({ edge, mails }: Pick<Shop, 'edge' | 'mails'>, root: Ask): Promise<Cast> {
  async function make(role: Role): Promise<Customer> {
    const account = await aCustomer(edge, role);
    if (role === 'customer') return account;
    await prove(account.email);
    await ok(root('PATCH', `/api/users/${account.userId}`, { role, permissions: PERMISSIONS[role] }));
    const { accessToken } = await ok(client(edge)('POST', '/api/auth/login', { email: account.email, password: account.password }));
    return { ...account, accessToken, ask: client(edge, accessToken) };
  }

  /** Verifies the email address, because roles need a verified one. */
  async function prove(email: string): Promise<void> {
    const code = await until(`a code is mailed to ${email}`, 30, async () => {
      const { body } = await client(mails)('GET', `/api/messages?to=${encodeURIComponent(email)}`);
      return /\b\d{6}\b/.exec(JSON.stringify(body.data.map(({ text }: { text: string }) => text)))?.[0];
    });
    await ok(client(edge)('POST', '/api/auth/email-verification/confirm', { email, code }));
  }

  const [customer, staff, admin] = [await make('customer'), await make('staff'), await make('admin')];
  const deleted = await make('customer');
  await ok(deleted.ask('DELETE', '/api/users/me', { password: deleted.password }));
  const members = { customer, staff, admin, deleted };
  const accounts = [customer, staff, admin];
  const looks = () => Promise.all(accounts.map((account) => lookOf(edge, root, account)));
  const fresh = await looks();
  return {
    token: (caller) => (caller === 'guest' ? undefined : members[caller].accessToken),
    known: await things(edge, root, customer, staff),
    isSpent: async () => !isDeepStrictEqual(fresh, await looks()),
  };
}

async function lookOf(edge: string, root: Ask, { userId, email, password, accessToken }: Customer): Promise<unknown> {
  const { role, permissions, status } = (await root('GET', `/api/users/${userId}`)).body;
  const login = await client(edge)('POST', '/api/auth/login', { email, password });
  const session = await client(edge)('POST', '/api/auth/token/verify', { accessToken });
  return { role, permissions, status, login: login.status, session: session.status };
}

async function things(edge: string, root: Ask, { ask, email, password, userId }: Customer, staff: Customer): Promise<Known> {
  const serial = crypto.randomUUID().slice(0, 8);
  const [sku, other, slug] = [`FUZZED-${serial}`, `DOOMED-${serial}`, `fuzzed-${serial}`];
  const products = [await someGoods(root, sku, 1_000), await someGoods(root, other, 5)].map(({ productId }) => productId);
  const category = await ok(root('POST', '/api/categories', { name: 'Fuzzed', slug }));
  const line = { sku, quantity: 1 };
  const orders = [await ok(ask('POST', '/api/orders', { items: [line] })), await ok(ask('POST', '/api/orders', { items: [line] }))];
  const [{ id: orderId }] = orders;
  const payment = await ok(ask('POST', '/api/payments', { orderId, paymentMethodId: 'pm_card_visa' }));
  await ok(ask('POST', '/api/cart/items', line));
  const address = await ok(
    ask('POST', '/api/users/me/addresses', { name: 'Bea', line1: 'Main Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }),
  );
  const { data: sessions } = await ok(ask('GET', '/api/auth/sessions'));
  const again = await ok(client(edge)('POST', '/api/auth/login', { email, password }));
  return {
    products: [...products, 'no-such-product'],
    productId: products,
    inventories: [sku, other, 'NO-SUCH-SKU'],
    sku: [sku, other],
    categories: [category.id, slug, 'no-such-category'],
    category: [category.id, slug],
    categoryId: [category.id, null],
    parentId: [category.id, null],
    orders: [...orders.map(({ id }) => id), 'no-such-order'],
    orderId: orders.map(({ id }) => id),
    payments: [payment.id, 'no-such-payment'],
    paymentMethodId: ['pm_card_visa', 'pm_card_chargeDeclined', 'pm_usBankAccount_success'],
    users: [userId, staff.userId, crypto.randomUUID()],
    addresses: [address.id, crypto.randomUUID()],
    sessions: [...sessions.map(({ id }: { id: string }) => id), crypto.randomUUID()],
    pictures: [`${crypto.randomUUID()}.webp`],
    provider: ['away', 'no-such-provider'],
    email: [email, staff.email, `new-${serial}@example.com`],
    password: [password],
    currentPassword: [password],
    refreshToken: [again.refreshToken],
    accessToken: [again.accessToken],
    returnTo: ['/account'],
    currency: ['EUR'],
    items: [[line]],
    quantity: [1],
  };
}

/** Returns the body of a success. Throws for any other reply. */
async function ok(asked: ReturnType<Ask>): Promise<ReturnType<typeof JSON.parse>> {
  const { status, body } = await asked;
  if (status >= 300) throw new Error(`refused: ${status} ${JSON.stringify(body)}`);
  return body;
}
