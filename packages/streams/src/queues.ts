/** RabbitMQ keeps what is published only where a queue takes it: those of the subscribers, and of dead letters, to which nobody subscribes. */
import { connect } from 'amqplib';
import type { Subscriptions } from './config.js';

/** As the component declares the queue of a subscriber. */
const SUBSCRIBED = { durable: true, arguments: { 'x-queue-type': 'classic' } };

/**
 * Makes the queue of each subscription, `<app id>-<topic>`, and one for the dead letters of each app, `dead-<app id>`, behind exchanges as
 * the component declares them. What is there stays. May run many times at once.
 * @throws when the server does not answer within two seconds, does not let us in, or has such a name with other properties
 */
export async function makeQueues(url: string, subscriptions: Subscriptions): Promise<void> {
  const connection = await connect(url, { timeout: 2_000 });
  // What goes wrong rejects the call that is under way, too.
  connection.on('error', () => {});
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    const keep = async (topic: string, queue: string, options: typeof SUBSCRIBED | { durable: true }) => {
      await channel.assertExchange(topic, 'fanout', { durable: true });
      await channel.assertQueue(queue, options);
      await channel.bindQueue(queue, topic, '');
    };
    for (const [app, topics] of Object.entries(subscriptions)) {
      await keep(`dead-${app}`, `dead-${app}`, { durable: true });
      for (const topic of topics) await keep(topic, `${app}-${topic}`, SUBSCRIBED);
    }
  } finally {
    await connection.close();
  }
}
