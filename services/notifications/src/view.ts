import type { Delivery } from './message.js';
import type { MessageView } from './schemas.js';

/** Returns what staff see of a message. */
export function view({ id, channel, to, subject, template, status, attempts, error, at, reference }: Delivery): MessageView {
  return { id, channel, to, subject, template, status, attempts, error, at, reference };
}
