import type { Charge, Provider } from '../src/provider.js';

/**
 * Wraps a provider to keep a record, as a real one does. Its replies can get lost after it has done
 * the work.
 */
export function createLedger(simulated: Provider) {
  const charges = new Map<string, Charge>();
  const refunds: string[] = [];
  /** How many of the next replies get lost. */
  const lose = { charges: 0, refunds: 0 };

  function deliver(kind: keyof typeof lose): void {
    if (lose[kind] === 0) return;
    lose[kind]--;
    throw new Error('the reply got lost');
  }

  const provider: Provider = {
    ...simulated,
    async charge(payment) {
      const charge = charges.get(payment.paymentId) ?? (await simulated.charge(payment));
      charges.set(payment.paymentId, charge);
      deliver('charges');
      return charge;
    },
    async refund({ paymentId }) {
      if (!refunds.includes(paymentId)) refunds.push(paymentId);
      deliver('refunds');
    },
  };
  return { provider, charges, refunds, lose };
}
