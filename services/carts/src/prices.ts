import { DomainError } from '@sidecart/chassis/errors';
import type { Quoted } from '@sidecart/contracts/catalog';

/** Catalog, as a cart sees it. */
export interface Catalog {
  quote: (input: { productId: string }) => Promise<Quoted>;
}

export type Prices = ReturnType<typeof openPrices>;

/** The prices of one request: each product is quoted once, from when it is first named. Answers nothing for what is not for sale. */
export function openPrices({ quote }: Catalog) {
  const asked = new Map<string, Promise<Quoted | undefined>>();

  return function price(productId: string): Promise<Quoted | undefined> {
    const known = asked.get(productId);
    if (known) return known;
    const quoted = quote({ productId }).catch((error: unknown) => {
      if (error instanceof DomainError && error.kind === 'missing') return undefined;
      throw error;
    });
    quoted.catch(() => undefined); // whoever waits for it hears of it
    asked.set(productId, quoted);
    return quoted;
  };
}
