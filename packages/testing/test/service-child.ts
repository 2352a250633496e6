// A service in a separate process, started like every service: service-child
import { routes } from '@sidecart/chassis/routes';
import { runService } from '@sidecart/chassis/service';
import { key, put } from '@sidecart/chassis/state';
import { z } from 'zod';

await runService({
  name: 'demo',
  settings: z.object({ GREETING: z.string().min(1), TIMES: z.coerce.number().int().min(1) }),
  createApp: ({ settings, store, logger }) => {
    logger.info({ password: 'hidden-1', session: { token: 'hidden-2' }, shown: 'plain' });
    const api = routes('Demo');
    const reply = z.object({ greeting: z.string() });
    // Replies once the test sends a message.
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    api.get('/api/slow', { summary: 'Waits.', access: 'public', reply }, async () => {
      process.send?.('asked');
      await finished;
      return { greeting: settings.GREETING };
    });
    process.on('message', () => finish());
    // A job that saves something after the test sends a message.
    const onCron = async () => {
      process.send?.('asked');
      await finished;
      const event = { type: 'job.ended', version: 1, subject: 'job', sequence: 1, data: {} };
      await store.transact([], () => ({ write: [put(key('job'), 'ended')], events: [event], result: undefined }));
      process.send?.('saved');
    };
    return { routes: [api], onCron };
  },
});
