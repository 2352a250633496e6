/**
 * An account, or something issued to it: a session, a sign-in in progress, a code. Anything issued
 * in one epoch of the account is refused in the next, whichever transaction commits first.
 * Documents stored before epochs existed count as epoch 0.
 */
export interface InEpoch {
  epoch?: number;
}

export const epochOf = (one: InEpoch | undefined): number => one?.epoch ?? 0;

export const sameEpoch = (a: InEpoch | undefined, b: InEpoch | undefined): boolean => epochOf(a) === epochOf(b);

/** Returns the account in its next epoch, which invalidates everything issued to it so far. */
export const nextEpoch = <A extends InEpoch>(account: A): A => ({ ...account, epoch: epochOf(account) + 1 });
