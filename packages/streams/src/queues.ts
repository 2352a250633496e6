/**
 * RabbitMQ keeps an event only if a queue receives it. Subscribers have queues, and so do dead
 * letters, which have no subscriber.
 */
import { connect } from 'amqplib';
import type { Subscriptions } from './config.js';

/** The options with which the component declares the queue of a subscriber. */
const SUBSCRIBED = { durable: true, arguments: { 'x-queue-type': 'classic' } };

/**
 * Creates a queue for each subscription, `<app id>-<topic>`, and one for the dead letters of each
 * app, `dead-<app id>`, behind exchanges as the component declares them. Existing ones are kept. May
 * run several times at once. Throws if the server does not respond within two seconds, refuses the
 * login, or has such a name with other options.
 */
export async function makeQueues(url: string, subscriptions: Subscriptions): Promise<void> {
  const connection = await connect(url, { timeout: 2_000 });
  // An error also rejects the current call.
  connection.on('error', () => {});
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    const bind = async (topic: string, queue: string, options: typeof SUBSCRIBED | { durable: true }) => {
      await channel.assertExchange(topic, 'fanout', { durable: true });
      await channel.assertQueue(queue, options);
      await channel.bindQueue(queue, topic, '');
    };
    for (const [app, topics] of Object.entries(subscriptions)) {
      await bind(`dead-${app}`, `dead-${app}`, { durable: true });
      for (const topic of topics) await bind(topic, `${app}-${topic}`, SUBSCRIBED);
    }
  } finally {
    await connection.close();
  }
}
