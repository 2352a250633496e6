import { render, type Content } from './render.js';

export interface BackInStock {
  sku: string;
  /** Of the product; empty if it is not known. */
  name: string;
  subscriber: { name: string };
}

export const backInStock = ({ sku, name, subscriber }: BackInStock): Content =>
  render({
    subject: `${name || sku} is back in stock`,
    paragraphs: [
      `Hello ${subscriber.name},`,
      `You asked us to tell you when ${name || sku} (${sku}) is back in stock. You can order it now.`,
      'We do not hold it for you, and we send this mail once.',
    ],
  });
