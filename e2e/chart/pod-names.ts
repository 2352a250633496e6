/**
 * What the API server refuses in a pod but no schema expresses: duplicate names, and references to
 * missing ones.
 */
import type { PodSpec } from './policy.js';

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @param claimed the volumes that a StatefulSet adds by its `volumeClaimTemplates` */
export function nameViolations({ containers, initContainers = [], volumes = [] }: PodSpec, claimed: string[]): string[] {
  const volumeNames = [...volumes.map(({ name }) => name), ...claimed];
  const all = [...containers, ...initContainers];
  const found = [
    ...twice(volumeNames).map((name) => `has two volumes ${name}`),
    ...twice(all.map(({ name }) => name)).map((name) => `has two containers ${name}`),
    ...[...volumeNames, ...all.map(({ name }) => name)]
      .filter((name) => !DNS_LABEL.test(name))
      .map((name) => `cannot have the name ${name}`),
  ];
  for (const { name, ports = [], volumeMounts = [], ...probes } of all) {
    const portNames = ports.flatMap((port) => port.name ?? []);
    const asked = [probes.startupProbe, probes.livenessProbe, probes.readinessProbe].flatMap((probe) => {
      const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
      return typeof port === 'string' ? port : [];
    });
    found.push(
      ...twice(portNames).map((port) => `container ${name} has two ports ${port}`),
      ...twice(volumeMounts.map(({ mountPath }) => mountPath)).map((path) => `container ${name} mounts two volumes at ${path}`),
      ...volumeMounts
        .filter((mount) => !volumeNames.includes(mount.name))
        .map((mount) => `container ${name} mounts ${mount.name}, which is no volume of the pod`),
      ...asked.filter((port) => !portNames.includes(port)).map((port) => `container ${name} is probed at ${port}, which is no port of it`),
    );
  }
  return found;
}

const twice = (names: string[]) => names.filter((name, index) => names.indexOf(name) !== index);
