import type { Deps } from '@sidecart/chassis/service';
import { Settings } from '../config.js';
import type { KEY_TIMES, Keys } from './keys.js';

/** Looks into the secret store for other keys again and again, and answers how to stop. What is wrong there changes nothing. */
export function watchKeys({ dapr, logger }: Pick<Deps<unknown>, 'dapr' | 'logger'>, keys: Keys, { lookMs }: typeof KEY_TIMES): () => void {
  let last: string | undefined;

  async function look(): Promise<void> {
    const { SIGNING_KEYS: text } = await dapr.secret('sidecart-identity');
    if (text === undefined || text === last) return;
    last = text;
    const { data, error } = Settings.shape.SIGNING_KEYS.safeParse(text);
    if (data) keys.replace(data);
    else logger.error({ reason: error.issues.map(({ message }) => message) }, 'the new signing keys are malformed; the known ones stay');
  }

  const timer = setInterval(
    () => void look().catch((error: unknown) => logger.warn({ err: error }, 'the secret store gave no signing keys; the known ones stay')),
    lookMs,
  );
  return () => clearInterval(timer);
}
