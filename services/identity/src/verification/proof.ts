import type { Docs } from '@sidecart/chassis/state';
import { emailKeyOf } from '../accounts/user.js';
import type { Client } from '../client.js';
import { Digits, LinkToken, type Purpose } from '../codes/code.js';
import { nobody, type Shown } from '../codes/store.js';
import { Email } from '../fields.js';
import { ownerKey } from '../store.js';

/** What a mail told: its code, typed beside the address, or the token of its link. */
export const proofFields = { email: Email.optional(), code: Digits.optional(), token: LinkToken.optional() };

interface ProofFields {
  email?: string | undefined;
  code?: string | undefined;
  token?: string | undefined;
}

export const isOneProof = ({ email, code, token }: ProofFields): boolean =>
  token === undefined ? email !== undefined && code !== undefined : email === undefined && code === undefined;

export const ONE_PROOF = { message: 'either email and code, or token', path: ['token'] };

export const ownersNamed = ({ email }: ProofFields) => (email === undefined ? [] : [ownerKey(emailKeyOf(email))]);

export function shown(docs: Docs, purpose: Purpose, { email = '', code = '', token }: ProofFields, from: Client): Shown {
  const [holder = '', link = ''] = token?.split('.') ?? [];
  if (token !== undefined) return { purpose, holder, proof: { link }, from };
  const emailKey = emailKeyOf(email);
  return { purpose, holder: docs.get(ownerKey(emailKey)) ?? nobody(emailKey), proof: { digits: code }, from };
}
