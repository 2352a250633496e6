import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tokens } from './keys.js';

/**
 * A folder for DAPR_RUNTIME_PATH, where `dapr run` finds its sidecar. What the CLI cannot say is added there: the tokens of each sidecar, no
 * scheduler (it names one even where none runs, and the sidecar would look for it every second), and nothing that listens beyond this machine.
 */
export async function writeRuntime(folder: string, daprd: string, tokens: Record<string, Tokens>): Promise<string> {
  const runtime = join(folder, 'runtime');
  const bin = join(runtime, '.dapr', 'bin');
  await mkdir(bin, { recursive: true });
  for (const [app, { DAPR_API_TOKEN, APP_API_TOKEN }] of Object.entries(tokens))
    await writeFile(join(runtime, `${app}.env`), `export DAPR_API_TOKEN=${DAPR_API_TOKEN} APP_API_TOKEN=${APP_API_TOKEN}\n`, {
      mode: 0o600,
    });
  const script = `#!/bin/sh
skip= last=
for flag do
  shift
  [ "$last" != --app-id ] || . ${quoted(runtime)}/"$flag.env"
  last=$flag
  case $skip$flag in
    --scheduler-host-address) skip=skip ;;
    skip*) skip= ;;
    *) set -- "$@" "$flag" ;;
  esac
done
[ "$1" = --version ] || set -- "$@" --dapr-internal-grpc-listen-address 127.0.0.1 --enable-metrics=false
exec ${quoted(daprd)} "$@"
`;
  await writeFile(join(bin, 'daprd'), script);
  await chmod(join(bin, 'daprd'), 0o755);
  return runtime;
}

const quoted = (path: string) => `'${path.replaceAll("'", `'\\''`)}'`;
