/**
 * `npm run conformance`: runs the contract suites and a purchase with crashes on every available
 * combination of state store and broker.
 */
import { parseArgs } from 'node:util';
import { isAvailable, PUBSUBS, SETTINGS, STATES } from './combination.js';
import { root } from '../tools/root.js';
import { suites, type Count } from '../commands/suites.js';
import { tool, type ToolName } from '../tools/tools.js';

const USAGE = `Usage: npm run conformance -- [--state NAME] [--pubsub NAME]
  --state NAME     ${STATES.join(', ')}; all that are available by default
  --pubsub NAME    ${PUBSUBS.join(', ')}; all that are available by default
${Object.entries(SETTINGS)
  .filter(([, setting]) => setting)
  .map(([name, setting]) => `  ${setting} names the server of ${name}`)
  .join('\n')}`;

const rows: Count[] = [];

async function run(what: string, args: string[], env: Record<string, string>): Promise<void> {
  rows.push(await suites(what, args, { env }));
}

/** @throws with the usage if the name is unknown or no setting names its server */
function chosen<Name extends keyof typeof SETTINGS>(all: readonly Name[], name: string | undefined): readonly Name[] {
  if (name === undefined) return all.filter(isAvailable);
  const found = all.filter((one) => one === name);
  if (!found[0]) throw new Error(`${name} is unknown.\n${USAGE}`);
  if (!isAvailable(found[0])) throw new Error(`${SETTINGS[found[0]]} names no server.\n${USAGE}`);
  return found;
}

async function conform(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { state: text, pubsub: text }, strict: true });
  const states = chosen(STATES, values.state);
  const pubsubs = chosen(PUBSUBS, values.pubsub);
  const needed: ToolName[] = ['daprd', 'nats-server'];
  for (const name of needed) await tool(name);

  for (const state of states)
    await run(`${state}: contract of the store`, ['packages/chassis/dist/test/store.test.js'], { CONFORMANCE_STATE: state });
  for (const pubsub of pubsubs)
    await run(`${pubsub}: contract of the broker`, ['packages/runner/dist/test/broker.test.js'], { CONFORMANCE_PUBSUB: pubsub });
  for (const state of states) {
    for (const pubsub of pubsubs) {
      const env = { CONFORMANCE_STATE: state, CONFORMANCE_PUBSUB: pubsub };
      const args = ['--runInBand', '--testNamePattern', 'on any combination', `${root}e2e/dist/(purchase/purchase|crash/crash)`];
      await run(`${state} and ${pubsub}: purchase and crashes`, args, env);
    }
  }
}

function tell(): void {
  console.log();
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, passed, failed, seconds } of rows)
    console.log(`${what.padEnd(width)}  ${passed} passed, ${failed} failed, ${(seconds / 60).toFixed(1)} minutes`);
  for (const name of [...STATES, ...PUBSUBS].filter((name) => !isAvailable(name)))
    console.log(`not run: ${name}, because ${SETTINGS[name]} names no server`);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  console.log(`${rows.reduce((sum, row) => sum + row.passed, 0)} passed, ${failed} failed`);
  // A run without tests proves nothing.
  process.exitCode = failed > 0 || rows.some(({ passed }) => passed === 0) ? 1 : 0;
}

try {
  if (process.argv.includes('--help')) console.log(USAGE);
  else {
    await conform();
    tell();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
