/**
 * Takes something away from a shop for some minutes while customers buy, and counts what became of
 * their orders.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { HIGH_LIMITS, startShop, type Shop, type ShopOptions } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { connectTo } from '@sidecart/streams/streams';
import { z } from 'zod';
import { APPS } from '../support/apps.js';
import { aCustomer, client, insist, signIn, type Ask, type Customer } from '../support/api.js';
import { ledgerOf, someGoods, stockOf } from '../support/goods.js';

export interface Outage {
  options?: Partial<ShopOptions>;
  cut: (shop: Shop) => Promise<void>;
  mend: (shop: Shop) => Promise<void>;
  /** Called once the shop has stopped. */
  close?: () => Promise<void>;
}

export interface Aftermath {
  orders: number;
  /**
   * How many orders have each status, once everything has arrived or the time to recover is over.
   */
  statuses: Record<string, number>;
  stock: { onHand: number; held: number };
  /** How often each order was sold, according to the ledger. */
  sold: number[];
  /** How many mails each order has sent. Two are right: placed and paid. */
  mails: number[];
  /** How many mails a registration during the outage has sent, by subject. */
  registration: Record<string, number>;
  deadLetters: Record<string, number>;
  /** From the end of the outage until everything has arrived. */
  secondsToRecover: number;
}

const LOADED = 100_000;
const CUSTOMERS = 2;
const PACE_MS = 3_000;
const BEFORE_MS = 10_000;
/**
 * Sidecars reconnect to their broker once a minute, and mails are retried after a minute or two.
 */
const RECOVERY_SECONDS = 240;

const Mails = z.object({ data: z.array(z.object({ subject: z.string(), text: z.string() })) });

/** Starts a shop with the options that the outage needs. */
export async function openShop({ options }: Outage): Promise<Shop & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-outage-'));
  const env = { ...HIGH_LIMITS, MAX_UNPAID_ORDERS: '1000', PAYMENT_MINUTES: '60', ...options?.env };
  return { ...(await startShop({ folder, ...options, env })), folder };
}

/**
 * Lets customers buy for ten seconds and through an outage of some minutes, then waits until every
 * order is complete. Stops the shop.
 */
export async function sufferOutage(shop: Shop & { folder: string }, { cut, mend, close }: Outage, minutes: number): Promise<Aftermath> {
  try {
    const admin = await signIn(shop.edge, shop.system.admin);
    const goods = await someGoods(admin, 'OUTAGE', LOADED);
    const buyers = await Promise.all(Array.from({ length: CUSTOMERS }, (_, n) => aCustomer(shop.edge, `buyer-${n}`)));
    const over = new AbortController();
    const buying = Promise.all(buyers.map((buyer) => buyUntil(over.signal, buyer, goods.sku)));
    await delay(BEFORE_MS);
    await cut(shop);
    const late = registerLate(shop);
    await delay(minutes * 60_000);
    await mend(shop);
    const mended = performance.now();
    over.abort();
    const orders = (await buying).flat();
    const email = await late;
    const look = () => lookAround(shop, admin, orders, buyers, email);
    await until('everything has arrived', RECOVERY_SECONDS, async () => isComplete(await look(), orders.length)).catch(() => undefined);
    return { ...(await look()), secondsToRecover: Math.round((performance.now() - mended) / 1_000) };
  } finally {
    await shop.stop();
    await close?.();
    await rm(shop.folder, { recursive: true, force: true });
  }
}

async function buyUntil(over: AbortSignal, { ask }: Customer, sku: string): Promise<string[]> {
  const orders: string[] = [];
  while (!over.aborted) {
    const key = crypto.randomUUID();
    const placed = await insist(() => ask('POST', '/api/orders', { items: [{ sku, quantity: 1 }] }, { 'idempotency-key': key }), 600);
    if (placed.status !== 201) throw new Error(`the order was refused: ${JSON.stringify(placed.body)}`);
    const payment = { orderId: placed.body.id, paymentMethodId: 'pm_card_visa' };
    const paid = await insist(() => ask('POST', '/api/payments', payment, { 'idempotency-key': `pay-${key}` }), 600);
    if (paid.status !== 201) throw new Error(`the payment was refused: ${JSON.stringify(paid.body)}`);
    orders.push(placed.body.id);
    await delay(PACE_MS);
  }
  return orders;
}

/** Registers a customer during the outage, and returns the email address. */
async function registerLate({ edge }: Shop): Promise<string> {
  const email = `late-${crypto.randomUUID()}@example.com`;
  const body = { email, password: 'seven green bicycles', name: 'Late' };
  await insist(() => client(edge)('POST', '/api/auth/register', body), 600);
  return email;
}

async function lookAround(
  { mails, system }: Shop,
  admin: Ask,
  orders: string[],
  buyers: Customer[],
  late: string,
): Promise<Omit<Aftermath, 'secondsToRecover'>> {
  const listed = (await Promise.all(buyers.map(ordersOf))).flat();
  const statusOf = new Map(listed.map(({ id, status }) => [id, status]));
  const sales = (await ledgerOf(admin, 'OUTAGE')).filter(({ type }) => type === 'sale').map(({ reference }) => reference);
  const received = (await Promise.all(buyers.map(({ email }) => mailsTo(mails, email)))).flat();
  const subjects = (await mailsTo(mails, late)).map(({ subject }) => subject);
  const numbers = new Map(listed.map(({ id, number }) => [id, number]));
  const { onHand, held } = await stockOf(admin, 'OUTAGE');
  return {
    orders: orders.length,
    statuses: counts(orders.map((id) => statusOf.get(id) ?? 'unknown')),
    stock: { onHand, held },
    sold: orders.map((id) => sales.filter((sale) => sale === id).length),
    mails: orders.map((id) => received.filter(({ subject }) => subject.includes(numbers.get(id) ?? 'none')).length),
    registration: counts(subjects),
    deadLetters: await deadLettersOf(system.broker?.url ?? ''),
  };
}

function isComplete({ statuses, sold, mails, registration, stock }: Omit<Aftermath, 'secondsToRecover'>, orders: number): boolean {
  const all = sold.every((times) => times === 1) && mails.every((times) => times === 2) && Object.keys(registration).length === 2;
  return statuses['paid'] === orders && all && stock.held === 0;
}

async function ordersOf({ ask }: Customer): Promise<{ id: string; number: string; status: string }[]> {
  const orders = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await insist(() => ask('GET', `/api/orders?limit=100${cursor ? `&cursor=${cursor}` : ''}`));
    orders.push(...body.data);
    cursor = body.next;
  }
  return orders;
}

async function mailsTo(mails: string, email: string) {
  return Mails.parse(await (await fetch(`${mails}/api/messages?to=${email}&limit=1000`)).json()).data;
}

async function deadLettersOf(url: string): Promise<Record<string, number>> {
  const connection = await connectTo(url);
  try {
    const { streams } = await jetstreamManager(connection);
    const found = await Promise.all(APPS.map(async (app) => [app, (await streams.info(`dead-${app}`)).state.messages] as const));
    return Object.fromEntries(found.filter(([, messages]) => messages > 0));
  } finally {
    await connection.close();
  }
}

function counts(values: string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const value of values) result[value] = (result[value] ?? 0) + 1;
  return result;
}
