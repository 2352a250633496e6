/** Runs kubectl and helm in one namespace of the current context. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Cluster {
  namespace: string;
  /** Return what the program prints. Throw with its error output if it fails. */
  kubectl: (...args: string[]) => Promise<string>;
  helm: (...args: string[]) => Promise<string>;
  apply: (manifest: object) => Promise<void>;
}

export function cluster(namespace: string): Cluster {
  const call =
    (program: string) =>
    async (...args: string[]) => {
      try {
        const { stdout } = await run(program, ['-n', namespace, ...args], { maxBuffer: 64 * 1024 * 1024, timeout: 10 * 60_000 });
        return stdout.trim();
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        throw new Error(`${program} ${args.join(' ')}: ${`${stderr}${stdout}`.trim() || String(error)}`, { cause: error });
      }
    };
  const kubectl = call('kubectl');
  async function apply(manifest: object): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
    try {
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest), { mode: 0o600 });
      await kubectl('apply', '-f', join(folder, 'manifest.json'));
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  return { namespace, kubectl, helm: call('helm'), apply };
}

/** Runs JavaScript in the container of a service. Returns what it prints. */
export function inService({ kubectl }: Cluster, service: string, script: string): Promise<string> {
  return kubectl('exec', `deploy/${service}`, '-c', service, '--', 'node', '--input-type=module', '-e', script);
}

/**
 * Runs JavaScript in a new pod, which belongs to the shop only if its labels say so. Returns what
 * it prints.
 */
export async function inStrangersPod({ kubectl }: Cluster, image: string, labels: string, script: string): Promise<string> {
  const name = `stranger-${crypto.randomUUID().slice(0, 8)}`;
  const locked = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
  const pod = {
    apiVersion: 'v1',
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name, image, command: ['node', '--input-type=module', '-e', script], securityContext: locked }],
    },
  };
  const flags = ['--restart=Never', '--image-pull-policy=IfNotPresent', `--labels=${labels}`, `--overrides=${JSON.stringify(pod)}`];
  try {
    await kubectl('run', name, `--image=${image}`, ...flags);
    await kubectl('wait', `pod/${name}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s');
    return await kubectl('logs', name);
  } finally {
    await kubectl('delete', 'pod', name, '--wait=false', '--ignore-not-found');
  }
}
