import { expect, test } from '@jest/globals';
import { welcome } from '../src/account-mails.js';
import { orderCancelled, orderPaid, orderPlaced, orderRefunded } from '../src/order-mails.js';
import { anOrder } from './order.js';

test('a placed order shows its lines, its totals and the payment deadline', () => {
  const { subject, text, html } = orderPlaced(anOrder());
  expect(subject).toBe('We have received your order SC-7K3M-Q2XD');
  expect(text).toBe(`Hello Ann,

Thank you for your order.

Please pay €47.58 by May 1, 2026 at 12:30 PM UTC. We reserve the items for you until then.

Order SC-7K3M-Q2XD

2 × Teapot  €39.98
Subtotal  €39.98
Tax  €7.60
Total  €47.58
`);
  expect(html).toContain('<tr><td>2 × Teapot</td><td align="right">€39.98</td></tr>');
  expect(html).toContain('<tr><td>Total</td><td align="right">€47.58</td></tr>');
});

test.each([
  ['JPY', 1_999, '¥1,999'],
  ['USD', 5, '$0.05'],
  ['KWD', 1_999, 'KWD\u00a01.999'],
])('%s %d is shown as %s', (currency, amount, shown) => {
  expect(orderPaid(anOrder({ total: { amount, currency } })).text).toContain(`payment of ${shown}.`);
});

test('a cancelled order shows its reason, if it has one', () => {
  expect(orderCancelled(anOrder({ reason: 'It was not paid in time.' })).text).toContain('Reason: It was not paid in time.');
  expect(orderCancelled(anOrder()).text).not.toContain('Reason');
});

test('a refunded order shows the amount', () => {
  expect(orderRefunded(anOrder()).text).toContain('We have refunded €47.58');
});

const HOSTILE = `<img src=x onerror="alert('1')"> & Co`;
const ESCAPED = '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; Co';

test.each([
  ['a name', welcome({ name: HOSTILE })],
  ['a buyer', orderPlaced(anOrder({ buyer: { userId: 'ann', email: 'ann@example.com', name: HOSTILE } }))],
  ['a product', orderPaid(anOrder({ lines: anOrder().lines.map((line) => ({ ...line, name: HOSTILE })) }))],
  ['a reason', orderCancelled(anOrder({ reason: HOSTILE }))],
  ['a number', orderRefunded(anOrder({ number: HOSTILE }))],
])('escapes HTML in %s', (_what, { text, html }) => {
  expect(text).toContain(HOSTILE);
  expect(html).toContain(ESCAPED);
  expect(html).not.toContain('<img');
});
