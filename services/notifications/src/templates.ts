import type { Money } from '@sidecart/contracts/money';
import type { OrderSnapshot } from '@sidecart/contracts/orders';

export interface Content {
  subject: string;
  text: string;
  html: string;
}

export const orderPlaced = (order: OrderSnapshot): Content =>
  orderMail(order, `We have your order ${order.number}`, [
    'thank you for your order.',
    `Please pay ${money(order.total)} by ${moment(order.payBy)}; we keep the goods for you until then.`,
  ]);

export const orderPaid = (order: OrderSnapshot): Content =>
  orderMail(order, `Your order ${order.number} is paid`, [`we have your payment of ${money(order.total)}. Thank you!`]);

export const orderCancelled = (order: OrderSnapshot): Content =>
  orderMail(order, `Your order ${order.number} is cancelled`, [
    'your order is cancelled.',
    ...(order.reason === null ? [] : [`The reason: ${order.reason}`]),
  ]);

export const orderRefunded = (order: OrderSnapshot): Content =>
  orderMail(order, `Your order ${order.number} is refunded`, [`we have sent ${money(order.total)} back the way you paid.`]);

function orderMail(order: OrderSnapshot, subject: string, paragraphs: string[]): Content {
  const lines = order.lines.map(({ quantity, name, total }): Row => [`${quantity} × ${name}`, money(total)]);
  const totals: Row[] = [
    ['Subtotal', money(order.subtotal)],
    ['Tax', money(order.tax)],
    ['Total', money(order.total)],
  ];
  return render({
    subject,
    paragraphs: [`Hello ${order.buyer.name},`, ...paragraphs, `Order ${order.number}`],
    rows: [...lines, ...totals],
  });
}

type Row = [what: string, amount: string];

/** The one place that makes HTML: everything that goes in is text. */
export function render({ subject, paragraphs, rows = [] }: { subject: string; paragraphs: string[]; rows?: Row[] }): Content {
  const text = [...paragraphs, rows.map(([what, amount]) => `${what}  ${amount}`).join('\n')].filter(Boolean).join('\n\n');
  const body = paragraphs.map((each) => `<p>${escaped(each)}</p>`).join('\n');
  const cells = rows.map(([what, amount]) => `<tr><td>${escaped(what)}</td><td align="right">${escaped(amount)}</td></tr>`).join('\n');
  const table = cells && `<table cellpadding="4">\n${cells}\n</table>`;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head>
<body>
${body}
${table}
</body></html>
`;
  return { subject, text: `${text}\n`, html };
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const formats = new Map<string, Intl.NumberFormat>(); // making one costs a hundred times as much as using it
const moments = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

function money({ amount, currency }: Money): string {
  const format = formats.get(currency) ?? new Intl.NumberFormat('en', { style: 'currency', currency });
  formats.set(currency, format);
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0));
}

const moment = (iso: string) => `${moments.format(new Date(iso))} UTC`;
