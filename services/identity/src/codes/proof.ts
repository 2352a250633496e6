import type { Docs } from '@sidecart/chassis/state';
import { ownerKey } from '../accounts/store.js';
import { emailKeyOf } from '../accounts/user.js';
import type { Client } from '../client.js';
import type { Purpose } from './code.js';
import { noAccount, type Redemption } from './store.js';

/** What a mail contained: a code and the email address it went to, or the token of a link. */
interface ProofFields {
  email?: string | undefined;
  code?: string | undefined;
  token?: string | undefined;
}

export const isOneProof = ({ email, code, token }: ProofFields): boolean =>
  token === undefined ? email !== undefined && code !== undefined : email === undefined && code === undefined;

/** What `redemptionOf` reads. */
export const proofKeys = ({ email }: ProofFields) => (email === undefined ? [] : [ownerKey(emailKeyOf(email))]);

export function redemptionOf(docs: Docs, purpose: Purpose, { email = '', code = '', token }: ProofFields, from: Client): Redemption {
  const [holder = '', link = ''] = token?.split('.') ?? [];
  if (token !== undefined) return { purpose, holder, proof: { link }, from };
  const emailKey = emailKeyOf(email);
  return { purpose, holder: docs.get(ownerKey(emailKey)) ?? noAccount(emailKey), proof: { digits: code }, from };
}
