// Creates a product, buys one piece of it through the public routes, and checks that stock and money
// add up.
const { ADMIN_EMAIL, ADMIN_PASSWORD, PRICE, CURRENCY } = process.env;
const run = crypto.randomUUID().slice(0, 8);

async function ask(service, method, path, { token, body, key } = {}) {
  const answer = await fetch(`http://${service}${path}`, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { 'idempotency-key': key }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  }).catch((error) => {
    throw new Error(`${service} does not answer ${method} ${path}: ${error.cause?.message ?? error.message}`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} answers ${method} ${path} with ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

async function until(what, look) {
  for (let tries = 60; tries > 0; tries--) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`gave up waiting until ${what}`);
}

async function signIn(email, password) {
  return (await ask('identity', 'POST', '/api/auth/login', { body: { email, password } })).accessToken;
}

// Network policies admit a new pod a moment after it starts.
await until('identity answers', () => ask('identity', 'GET', '/.well-known/jwks.json'));
const admin = await signIn(ADMIN_EMAIL, ADMIN_PASSWORD);
const sku = `HELM-TEST-${run.toUpperCase()}`;
const product = await ask('catalog', 'POST', '/api/products', {
  token: admin,
  body: { sku, name: 'A test of the release', price: { amount: Number(PRICE), currency: CURRENCY }, status: 'published' },
});
try {
  const stock = () => ask('inventory', 'GET', `/api/inventories/${sku}`, { token: admin });
  await until('the product has a stock record', stock);
  const arrival = { type: 'receive', quantity: 3, reason: 'helm test' };
  await ask('inventory', 'POST', `/api/inventories/${sku}/movements`, { token: admin, body: arrival, key: `helm-test-${run}` });

  const email = `helm-test-${run}@example.com`;
  await ask('identity', 'POST', '/api/auth/register', { body: { email, password: `helm test ${run}`, name: 'Helm' } });
  const customer = await signIn(email, `helm test ${run}`);
  const item = { sku, quantity: 1 };
  const order = await ask('orders', 'POST', '/api/orders', { token: customer, body: { items: [item] }, key: `helm-test-${run}` });
  if (order.subtotal.amount !== Number(PRICE)) throw new Error(`the order says ${order.subtotal.amount} instead of ${PRICE}`);
  const payment = { orderId: order.id, paymentMethodId: 'pm_card_visa' };
  await ask('payments', 'POST', '/api/payments', { token: customer, body: payment, key: `helm-test-${run}` });
  await until('the order is paid', async () => {
    return (await ask('orders', 'GET', `/api/orders/${order.id}`, { token: customer })).status === 'paid';
  });
  await until('two pieces are left', async () => {
    const { onHand, held } = await stock();
    return onHand === 2 && held === 0;
  });
  console.log(`bought ${sku}: order ${order.id} is paid, 2 of 3 pieces are left`);
} finally {
  await ask('catalog', 'DELETE', `/api/products/${product.id}`, { token: admin });
}
