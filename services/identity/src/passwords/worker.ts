import { setPriority } from 'node:os';
import { hashSync, verifySync, type Options } from '@node-rs/argon2';

const LOWEST = 19;
// On Linux this is the thread's own priority: whoever does not sign in goes first.
if (process.platform === 'linux') setPriority(LOWEST);

export const hash = ({ password, cost }: { password: string; cost: Options }): string => hashSync(password, cost);

export const matches = ({ password, passwordHash }: { password: string; passwordHash: string }): boolean =>
  verifySync(passwordHash, password);
