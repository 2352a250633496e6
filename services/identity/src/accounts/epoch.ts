/**
 * An account, or something issued to it: a session, a sign-in under way, a code. What was issued in one epoch of the account is refused in the next,
 * whichever transaction commits first. Documents stored before epochs have none, which means 0.
 */
export interface InEpoch {
  epoch?: number;
}

export const epochOf = (one: InEpoch | undefined): number => one?.epoch ?? 0;

export const sameEpoch = (a: InEpoch | undefined, b: InEpoch | undefined): boolean => epochOf(a) === epochOf(b);

/** The account in its next epoch, which ends everything issued to it before. */
export const nextEpoch = <A extends InEpoch>(account: A): A => ({ ...account, epoch: epochOf(account) + 1 });
