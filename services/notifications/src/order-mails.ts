import type { OrderSnapshot } from '@sidecart/contracts/orders';
import { formatMoney, formatTime, render, type Content, type Row } from './render.js';

export const orderPlaced = (order: OrderSnapshot): Content =>
  orderMail(order, `We have received your order ${order.number}`, [
    'Thank you for your order.',
    `Please pay ${formatMoney(order.total)} by ${formatTime(order.payBy)}. We reserve the items for you until then.`,
  ]);

export const orderPaid = (order: OrderSnapshot): Content =>
  orderMail(order, `We have received your payment for order ${order.number}`, [
    `Thank you. We have received your payment of ${formatMoney(order.total)}.`,
  ]);

export const orderCancelled = (order: OrderSnapshot): Content =>
  orderMail(order, `Your order ${order.number} was cancelled`, [
    'Your order was cancelled.',
    ...(order.reason === null ? [] : [`Reason: ${order.reason}`]),
  ]);

export const orderRefunded = (order: OrderSnapshot): Content =>
  orderMail(order, `Your order ${order.number} was refunded`, [
    `We have refunded ${formatMoney(order.total)} to your original payment method.`,
  ]);

function orderMail(order: OrderSnapshot, subject: string, paragraphs: string[]): Content {
  const lines = order.lines.map(({ quantity, name, total }): Row => [`${quantity} × ${name}`, formatMoney(total)]);
  const totals: Row[] = [
    ['Subtotal', formatMoney(order.subtotal)],
    ['Tax', formatMoney(order.tax)],
    ['Total', formatMoney(order.total)],
  ];
  return render({
    subject,
    paragraphs: [`Hello ${order.buyer.name},`, ...paragraphs, `Order ${order.number}`],
    rows: [...lines, ...totals],
  });
}
