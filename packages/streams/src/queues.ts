/** RabbitMQ keeps what is published only where a queue takes it, and nobody subscribes to dead letters. */
import { connect } from 'amqplib';

/**
 * Makes a queue for the dead letters of each app, `dead-<app id>`, behind an exchange as the component declares it. What is there stays.
 * @throws when the server does not answer within two seconds, does not let us in, or has such a name with other properties
 */
export async function makeDeadLetterQueues(url: string, apps: readonly string[]): Promise<void> {
  const connection = await connect(url, { timeout: 2_000 });
  // What goes wrong rejects the call that is under way, too.
  connection.on('error', () => {});
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    for (const name of apps.map((app) => `dead-${app}`)) {
      await channel.assertExchange(name, 'fanout', { durable: true });
      await channel.assertQueue(name, { durable: true });
      await channel.bindQueue(name, name, '');
    }
  } finally {
    await connection.close();
  }
}
