import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A folder for DAPR_RUNTIME_PATH, where `dapr run` finds its sidecar. What the CLI cannot say is added there: no scheduler (it names
 * one even where none runs, and the sidecar would look for it every second), and nothing that listens beyond this machine.
 */
export async function writeRuntime(folder: string, daprd: string): Promise<string> {
  const runtime = join(folder, 'runtime');
  const bin = join(runtime, '.dapr', 'bin');
  await mkdir(bin, { recursive: true });
  const script = `#!/bin/sh
skip=
for flag do
  shift
  case $skip$flag in
    --scheduler-host-address) skip=skip ;;
    skip*) skip= ;;
    *) set -- "$@" "$flag" ;;
  esac
done
[ "$1" = --version ] || set -- "$@" --dapr-internal-grpc-listen-address 127.0.0.1 --enable-metrics=false
exec '${daprd.replaceAll("'", `'\\''`)}' "$@"
`;
  await writeFile(join(bin, 'daprd'), script);
  await chmod(join(bin, 'daprd'), 0o755);
  return runtime;
}
