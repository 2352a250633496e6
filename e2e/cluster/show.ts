/** Checks what the chart promises, step by step, from its installation to its removal. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@sidecart/runner/until';
import { client, signIn, type Ask } from '../support/api.js';
import { APPS } from '../support/apps.js';
import { ledgerOf, someGoods, stockOf, type Goods } from '../support/goods.js';
import { inService, inStrangersPod, type Cluster } from './cluster.js';
import { steps } from './steps.js';
import { trickle, type Purchase } from './trickle.js';

export interface Show extends Cluster {
  /** The address of the ingress. */
  url: string;
  /**
   * Flags of `helm upgrade`, including the values. Undefined if the shop is running already; then
   * Helm is not used.
   */
  flags: string[] | undefined;
}

const RELEASE = 'sidecart';
const LOADED = 2_000;
const EVERY_MS = 400;
/** How long customers buy after a pod is killed. */
const KILLED_MS = 8_000;
const WAIT = '--timeout=5m';
/**
 * Replicas of identity cannot share a local volume, so pictures go to a bucket that is never used.
 */
const TWO_REPLICAS = [
  'serviceDefaults.replicas=2',
  'components.files=s3',
  'connections.filesEndpoint=https://s3.invalid',
  ...['Bucket', 'Region', 'AccessKey', 'SecretKey'].map((name) => `connections.files${name}=unused`),
].flatMap((pair) => ['--set', pair]);
/** All customers of this program share one address. */
const HIGH_LIMITS = ['--set', 'rateLimits.perAddress=1000000,rateLimits.perAccount=1000000'];

/** Returns the number of failed steps. */
export async function show({ url, flags, ...cluster }: Show): Promise<number> {
  const { kubectl, helm } = cluster;
  const { step, end } = steps();
  const release = flags ? step : async () => {};
  const bought: Purchase[] = [];
  let admin: Ask;
  let goods: Goods;

  const upgrade = (...more: string[]) =>
    helm('upgrade', '--install', RELEASE, 'charts/sidecart', ...(flags ?? []), ...HIGH_LIMITS, ...more, '--wait', WAIT);
  const rolledOut = () => Promise.all(APPS.map((name) => kubectl('rollout', 'status', `deploy/${name}`, WAIT)));

  /** Runs `act` while customers buy. Throws if one of their requests fails. */
  async function underTrickle(act: () => Promise<unknown>): Promise<string> {
    const people = await trickle(url, goods.sku, EVERY_MS);
    await act().finally(() => delay(2_000));
    const seen = await people.stop();
    bought.push(...seen.bought);
    if (seen.failures.length > 0) throw new Error(`${seen.failures.length} of ${seen.requests} failed:\n${seen.failures.join('\n')}`);
    return `${seen.requests} requests, none failed`;
  }

  async function addsUp(): Promise<string> {
    const status = async ({ orderId, buyer }: Purchase) => (await buyer.ask('GET', `/api/orders/${orderId}`)).body.status;
    await until('every order is paid', 120, async () => (await Promise.all(bought.map(status))).every((each) => each === 'paid'));
    await until('the stock is sold', 60, async () => {
      const { onHand, held } = await stockOf(admin, goods.sku);
      return onHand === LOADED - bought.length && held === 0;
    });
    const sold = (await ledgerOf(admin, goods.sku)).filter(({ type }) => type === 'sale').map(({ reference }) => reference);
    const missing = bought.filter(({ orderId }) => !sold.includes(orderId));
    if (sold.length !== bought.length || missing.length > 0)
      throw new Error(`${bought.length} orders are paid, but the ledger has ${sold.length} sales`);
    return `${bought.length} orders paid, ${sold.length} sales in the ledger`;
  }

  await release('installed and ready', async () => void (await upgrade()));
  await release('helm test buys something', async () => {
    const log = await helm('test', RELEASE, WAIT);
    return /bought .*/.exec(log)?.[0];
  });
  await step('a purchase through the ingress', async () => {
    await until('the ingress responds', 60, async () => (await client(url)('GET', '/api/products').catch(() => undefined))?.status === 200);
    admin = await signIn(url, await adminLogin(cluster));
    goods = await someGoods(admin, `SHOW-${crypto.randomUUID().slice(0, 8).toUpperCase()}`, LOADED);
    return underTrickle(() => delay(3_000));
  });
  await release('memory', () => memory(cluster));

  await step('the ingress does not serve /internal', () => refusedOutside(url));
  await step('network policies stop a forged call to /internal from another pod', () => stoppedByPolicy(cluster));
  await step('a call that policies allow is refused without the token', () => refusedWithoutToken(cluster));
  await step('orders refuses the app token of catalog', () => refusedWithOtherToken(cluster));
  await step('catalog cannot make calls that only others may make', () => refusedByAccessControl(cluster));
  await step('catalog cannot publish the events or read the secrets of others', () => refusedByScopes(cluster));

  await release('scaled to two replicas each, during purchases', () => underTrickle(() => upgrade(...TWO_REPLICAS)));
  await release('every service restarted, during purchases', () =>
    underTrickle(async () => {
      for (const name of APPS) {
        await kubectl('rollout', 'restart', `deploy/${name}`);
        await kubectl('rollout', 'status', `deploy/${name}`, WAIT);
      }
    }),
  );
  await release('upgraded, during purchases', () => underTrickle(() => upgrade(...TWO_REPLICAS, '--set', 'env.LOG_LEVEL=warn')));
  await release('pods killed, and every order is still paid', async () => {
    const people = await trickle(url, goods.sku, EVERY_MS);
    for (const name of ['orders', 'inventory', 'payments']) {
      const pods = await kubectl('get', 'pods', '-l', `app.kubernetes.io/name=${name}`, '-o', 'name');
      await kubectl('delete', pods.split('\n')[0] ?? '', '--grace-period=0', '--force');
      await delay(KILLED_MS);
      await rolledOut();
    }
    const seen = await people.stop();
    bought.push(...seen.bought);
    return `${seen.failures.length} of ${seen.requests} requests failed`;
  });
  await step('stock and ledger add up', addsUp);

  await release('catalog scales up under load, and down again', () =>
    scaled(cluster, url, () =>
      upgrade(
        ...['enabled=true', 'minReplicas=1', 'maxReplicas=2', 'cpu=60', 'scaleDownSeconds=5'].flatMap((pair) => [
          '--set',
          `services.catalog.autoscaling.${pair}`,
        ]),
        // Far above the load of an idle service.
        '--set',
        'services.catalog.resources.requests.cpu=150m',
      ),
    ),
  );
  await release('a wrong value is refused with a message', async () => {
    const refusal = await upgrade('--set', 'components.pubsub=carrier-pigeon').then(
      () => '',
      (error: unknown) => String(error),
    );
    if (!/components.*pubsub/s.test(refusal)) throw new Error(`not refused, or without the name of the value: ${refusal}`);
    return /.*pubsub.*/.exec(refusal.split('\n').find((line) => line.includes('pubsub') && !line.includes('--set')) ?? '')?.[0];
  });
  await release('a pod without its Secret reports an event', () => missingSecret(cluster));
  await release('uninstalled, and the objects that are kept', async () => {
    await helm('uninstall', RELEASE, '--wait', WAIT);
    // Helm waits for the objects it created, but the pods of Deployments take time to drain.
    await kubectl('wait', '--for=delete', 'pods', '-l', `app.kubernetes.io/instance=${RELEASE}`, WAIT);
    const kinds = 'deploy,svc,sa,pods,pdb,hpa,ingress,networkpolicy,configmap,role,rolebinding,components.dapr.io,configurations.dapr.io';
    const left = await kubectl('get', kinds, '-l', 'app.kubernetes.io/managed-by=Helm', '-o', 'name');
    if (left !== '') throw new Error(`not removed: ${left}`);
    return (await kubectl('get', 'secret,pvc', '-l', 'app.kubernetes.io/managed-by=Helm', '-o', 'name')).replaceAll('\n', ' ');
  });
  return end();
}

async function adminLogin({ kubectl }: Cluster): Promise<{ email: string; password: string }> {
  const { data } = JSON.parse(await kubectl('get', 'secret', 'sidecart-identity', '-o', 'json'));
  const text = (key: string) => Buffer.from(String(data[key]), 'base64').toString();
  return { email: text('ADMIN_EMAIL'), password: text('ADMIN_PASSWORD') };
}

async function memory({ kubectl }: Cluster): Promise<string> {
  const top = async () =>
    (await kubectl('top', 'pods', '--containers', '--no-headers', '-l', 'app.kubernetes.io/part-of=sidecart')).split('\n');
  const rows = await until('metrics of all pods', 120, async () => {
    const found = await top().catch(() => []);
    return APPS.every((name) => found.some((row) => row.includes(` ${name} `))) && found;
  });
  const sum = (which: (container: string) => boolean) =>
    rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, container = '']) => which(container))
      .reduce((mib, [, , , memory = '0']) => mib + Number.parseInt(memory), 0);
  return `services ${sum((name) => APPS.includes(name))} MiB, sidecars ${sum((name) => name === 'daprd')} MiB`;
}

async function refusedOutside(url: string): Promise<string> {
  const statuses = await Promise.all(
    ['/internal/keys', '/api/../internal/keys', '/events/order.paid', '/dapr/subscribe', '/cron'].map(async (path) => {
      const answer = await fetch(url + path, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
      return answer.status;
    }),
  );
  if (statuses.some((status) => status !== 404)) throw new Error(`the statuses are ${statuses.join(', ')}`);
  return 'all 404';
}

/**
 * Returns a script that prints the status, or the error if there is none within ten seconds.
 * Policies take effect a moment after a pod starts.
 */
const forgery = (token: string) => `
const body = JSON.stringify({ inputs: [{ orderId: 'x' }] });
const headers = { 'content-type': 'application/json', 'dapr-api-token': '${token}' };
let seen;
for (let tries = 20; tries > 0 && typeof seen !== 'number'; tries--) {
  if (seen) await new Promise((resolve) => setTimeout(resolve, 500));
  const asked = fetch('http://orders/internal/due', { method: 'POST', body, headers, signal: AbortSignal.timeout(2000) });
  seen = await asked.then((answer) => answer.status, (error) => error.cause?.code ?? error.name);
}
console.log(seen);`;

async function shopImage({ kubectl }: Cluster): Promise<string> {
  return kubectl('get', 'deploy', 'orders', '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
}

async function stoppedByPolicy(cluster: Cluster): Promise<string> {
  const seen = await inStrangersPod(cluster, await shopImage(cluster), 'app=stranger', forgery('guessed'));
  if (!/TimeoutError|ECONNREFUSED|ETIMEDOUT/.test(seen)) throw new Error(`got ${seen}`);
  return seen;
}

async function refusedWithoutToken(cluster: Cluster): Promise<string> {
  return refusedWith(cluster, 'guessed');
}

async function refusedWithOtherToken(cluster: Cluster): Promise<string> {
  const token = await cluster.kubectl('get', 'secret', 'sidecart-catalog-app-token', '-o', 'jsonpath={.data.token}');
  return refusedWith(cluster, Buffer.from(token, 'base64').toString());
}

async function refusedWith(cluster: Cluster, token: string): Promise<string> {
  const labels = `app.kubernetes.io/component=test,app.kubernetes.io/part-of=sidecart,app.kubernetes.io/instance=${RELEASE}`;
  const seen = await inStrangersPod(cluster, await shopImage(cluster), labels, forgery(token));
  if (!/^40[134]$/.test(seen)) throw new Error(`got ${seen}`);
  return seen;
}

/** Returns a script that sends a request to the pod's sidecar with the service's token. */
const askSidecar = (method: string, path: string, body?: string) => `
const headers = { 'dapr-api-token': process.env.DAPR_API_TOKEN, 'content-type': 'application/json' };
const answer = await fetch('http://127.0.0.1:3500${path}', { method: '${method}', headers${body ? `, body: '${body}'` : ''} });
console.log(answer.status, await answer.text());`;

async function refusedByAccessControl(cluster: Cluster): Promise<string> {
  const invoke = (app: string, name: string) =>
    inService(cluster, 'catalog', askSidecar('POST', `/v1.0/invoke/${app}/method/internal/${name}`, '{}'));
  const keys = await invoke('identity', 'keys');
  if (!keys.startsWith('200')) throw new Error(`an allowed call returned ${keys}`);
  const refused = await Promise.all([invoke('identity', 'other'), invoke('orders', 'due'), invoke('notifications', 'mails')]);
  if (refused.some((answer) => !answer.startsWith('403') && !answer.startsWith('500'))) throw new Error(refused.join('\n'));
  return `identity/keys 200, ${refused.map((answer) => answer.slice(0, 3)).join(', ')} for others`;
}

async function refusedByScopes(cluster: Cluster): Promise<string> {
  const publish = await inService(cluster, 'catalog', askSidecar('POST', '/v1.0/publish/pubsub/order.paid', '{}'));
  const secret = await inService(cluster, 'catalog', askSidecar('GET', '/v1.0/secrets/secrets/sidecart'));
  if (!publish.startsWith('403') || !secret.startsWith('403')) throw new Error(`${publish}\n${secret}`);
  return 'both 403';
}

async function scaled({ kubectl }: Cluster, url: string, autoscale: () => Promise<unknown>): Promise<string> {
  await autoscale();
  const replicas = async () => Number(await kubectl('get', 'deploy', 'catalog', '-o', 'jsonpath={.status.readyReplicas}'));
  await until('one replica', 180, async () => (await replicas()) === 1);
  const enough = new AbortController();
  const load = async () => {
    while (!enough.signal.aborted) await client(url)('GET', '/api/products').catch(() => undefined);
  };
  const started = Date.now();
  const loads = Array.from({ length: 16 }, load);
  await until('two replicas', 240, async () => (await replicas()) === 2).finally(() => enough.abort());
  await Promise.all(loads);
  const up = Date.now() - started;
  await until('one replica again', 300, async () => (await replicas()) === 1);
  return `up after ${Math.round(up / 1000)} s, down ${Math.round((Date.now() - started - up) / 1000)} s after the load`;
}

async function missingSecret({ kubectl, apply }: Cluster): Promise<string> {
  const kept = await kubectl('get', 'secret', 'sidecart-payments', '-o', 'json');
  await kubectl('delete', 'secret', 'sidecart-payments');
  try {
    await kubectl('rollout', 'restart', 'deploy/payments');
    return await until('an event names the secret', 180, async () => {
      const events = await kubectl('get', 'events', '-o', 'jsonpath={range .items[*]}{.message}{"\\n"}{end}');
      return events.split('\n').find((line) => line.includes('"sidecart-payments" not found'));
    });
  } finally {
    const { apiVersion, kind, type, data, metadata } = JSON.parse(kept);
    const { name, labels, annotations } = metadata;
    await apply({ apiVersion, kind, type, data, metadata: { name, labels, annotations } });
    await kubectl('rollout', 'status', 'deploy/payments', WAIT);
  }
}
