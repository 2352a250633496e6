// The demo service as a process of its own, started as every service is: service-child
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
    // Answers when its caller says so, by the second request.
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    api.get('/api/slow', { summary: 'Waits.', access: 'public', reply }, async () => {
      process.send?.('asked');
      await finished;
      return { greeting: settings.GREETING };
    });
    process.on('message', () => finish());
    // A turn that still has something to save when it is told to finish.
    const onCron = async () => {
      process.send?.('asked');
      await finished;
      const event = { type: 'turn.ended', version: 1, subject: 'turn', sequence: 1, data: {} };
      await store.transact([], () => ({ write: [put(key('turn'), 'ended')], events: [event], result: undefined }));
      process.send?.('saved');
    };
    return { routes: [api], onCron };
  },
});
