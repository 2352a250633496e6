import { expect, test } from '@jest/globals';
import { startFlags } from '../src/commands/start-flags.js';

test('uses its own database and broker by default', () => {
  expect(startFlags([])).toMatchObject({ fresh: false, state: undefined, pubsub: undefined, ports: { '--port': 8080 } });
});

test('uses other components at their usual or given addresses', () => {
  const { state, pubsub } = startFlags(['--state', 'postgresql', '--pubsub', 'rabbitmq', '--pubsub-url', 'amqp://shop@broker']);
  expect(state).toEqual({ provider: 'postgresql', connection: 'postgres://postgres@127.0.0.1:5432/sidecart' });
  expect(pubsub).toEqual({ provider: 'rabbitmq', connection: 'amqp://shop@broker' });
});

test.each([
  [['--colour', 'red'], '--colour'],
  [['--state', 'redis'], '--state'],
  [['--port', '80800'], '--port'],
  [['--state-url', 'here'], '--state-url'],
  [['now'], 'now'],
])('refuses %j and shows the usage', (args, named) => {
  expect(() => startFlags(args)).toThrow(new RegExp(`${named}[^]*Usage: npm start`));
});
