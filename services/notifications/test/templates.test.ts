import { expect, test } from '@jest/globals';
import { welcome } from '../src/account-mails.js';
import { orderCancelled, orderPaid, orderPlaced, orderRefunded } from '../src/templates.js';
import { anOrder } from './order.js';

test('an order shows its lines and totals, and until when to pay', () => {
  const { subject, text, html } = orderPlaced(anOrder());
  expect(subject).toBe('We have your order SC-7K3M-Q2XD');
  expect(text).toBe(`Hello Ann,

thank you for your order.

Please pay €47.58 by May 1, 2026 at 12:30 PM UTC; we keep the goods for you until then.

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

test('a cancelled order tells its reason where there is one', () => {
  expect(orderCancelled(anOrder({ reason: 'It was not paid in time.' })).text).toContain('The reason: It was not paid in time.');
  expect(orderCancelled(anOrder()).text).not.toContain('reason');
});

test('a refunded order tells the amount', () => {
  expect(orderRefunded(anOrder()).text).toContain('we have sent €47.58 back');
});

const HOSTILE = `<img src=x onerror="alert('1')"> & Co`;
const ESCAPED = '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; Co';

test.each([
  ['a name', welcome({ name: HOSTILE })],
  ['a buyer', orderPlaced(anOrder({ buyer: { userId: 'ann', email: 'ann@example.com', name: HOSTILE } }))],
  ['a product', orderPaid(anOrder({ lines: anOrder().lines.map((line) => ({ ...line, name: HOSTILE })) }))],
  ['a reason', orderCancelled(anOrder({ reason: HOSTILE }))],
  ['a number', orderRefunded(anOrder({ number: HOSTILE }))],
])('HTML in %s stays text', (_what, { text, html }) => {
  expect(text).toContain(HOSTILE);
  expect(html).toContain(ESCAPED);
  expect(html).not.toContain('<img');
});
