/** Rules for every pod of the shop and of its servers. */
import type { Resource } from '../support/chart.js';
import { nameViolations } from './pod-names.js';

interface Probe {
  httpGet?: { port: string | number };
  tcpSocket?: { port: string | number };
}

interface Container {
  name: string;
  image?: string;
  securityContext?: {
    runAsNonRoot?: boolean;
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    privileged?: boolean;
    capabilities?: { drop?: string[]; add?: string[] };
    seccompProfile?: { type?: string };
  };
  resources?: { requests?: Record<string, unknown>; limits?: Record<string, unknown> };
  ports?: { name?: string }[];
  volumeMounts?: { name: string; mountPath: string }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
}

export interface PodSpec {
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  securityContext?: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type?: string } };
  containers: Container[];
  initContainers?: Container[];
  volumes?: { name: string; hostPath?: object }[];
}

/** Returns the pod that a resource starts, or `undefined` if it starts none. */
export function podOf(resource: Resource): PodSpec | undefined {
  if (resource.kind === 'Pod') return resource['spec'] as PodSpec;
  const spec = resource['spec'] as { template?: { spec?: PodSpec }; jobTemplate?: { spec: { template: { spec: PodSpec } } } } | undefined;
  return spec?.jobTemplate?.spec.template.spec ?? (spec?.template?.spec?.containers ? spec.template.spec : undefined);
}

/** A repository with a tag that is a version, not a moving name, or with a digest. */
const FIXED_IMAGE = /^\S+(:(?!latest$|main$|master$|edge$|stable$|next$)[\w][\w.-]*\d[\w.-]*|@sha256:[0-9a-f]{64})$/;

/**
 * Returns the rules that a resource's pod breaks, such as `Deployment orders: container orders runs
 * as root`. Empty if it breaks none.
 */
export function violations(resource: Resource): string[] {
  const pod = podOf(resource);
  if (!pod) return [];
  const found = [...podViolations(pod), ...nameViolations(pod, claimedBy(resource)), ...sidecarViolations(resource)];
  const serves = resource.kind === 'Deployment' || resource.kind === 'StatefulSet' || resource.kind === 'DaemonSet';
  for (const container of pod.containers) found.push(...containerViolations(container, pod), ...(serves ? probeViolations(container) : []));
  for (const container of pod.initContainers ?? []) found.push(...containerViolations(container, pod));
  return found.map((text) => `${resource.kind} ${resource.metadata.name}: ${text}`);
}

function claimedBy({ spec }: Resource): string[] {
  const { volumeClaimTemplates = [] } = spec as { volumeClaimTemplates?: { metadata: { name: string } }[] };
  return volumeClaimTemplates.map(({ metadata }) => metadata.name);
}

function podViolations(pod: PodSpec): string[] {
  const { securityContext: { runAsUser } = {} } = pod;
  return broken({
    'runs as root': runAsUser === 0,
    'mounts the API token into every container': pod.automountServiceAccountToken !== false,
    'gets the address of every Service in its environment': pod.enableServiceLinks !== false,
    'shares the network of its node': pod.hostNetwork === true,
    'shares the processes of its node': pod.hostPID === true || pod.hostIPC === true,
    'mounts a folder of its node': (pod.volumes ?? []).some((volume) => 'hostPath' in volume),
  });
}

/**
 * Dapr's injector adds the sidecar later, according to the annotations. Its other rights are
 * configured where Dapr is installed (`k8s/production`).
 */
function sidecarViolations({ spec }: Resource): string[] {
  const { template } = spec as { template?: { metadata?: { annotations?: Record<string, string> } } };
  const annotations = template?.metadata?.annotations ?? {};
  if (annotations['dapr.io/enabled'] !== 'true') return [];
  return broken({
    'requests no CPU or memory': !annotations['dapr.io/sidecar-cpu-request'] || !annotations['dapr.io/sidecar-memory-request'],
    'has no memory limit': !annotations['dapr.io/sidecar-memory-limit'],
    'has no seccomp profile': annotations['dapr.io/sidecar-seccomp-profile-type'] !== 'RuntimeDefault',
  }).map((text) => `the sidecar ${text}`);
}

function containerViolations({ name, image = '', securityContext: own = {}, resources }: Container, pod: PodSpec): string[] {
  const { requests = {}, limits = {} } = resources ?? {};
  return broken({
    'may run as root': (own.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) !== true,
    'may gain privileges': own.allowPrivilegeEscalation !== false || own.privileged === true,
    'writes to its root file system': own.readOnlyRootFilesystem !== true,
    'keeps capabilities': own.capabilities?.drop?.includes('ALL') !== true || (own.capabilities.add ?? []).length > 0,
    'has no seccomp profile': (own.seccompProfile ?? pod.securityContext?.seccompProfile)?.type !== 'RuntimeDefault',
    'requests no CPU or memory': !('cpu' in requests && 'memory' in requests),
    'has no memory limit': !('memory' in limits),
    [`runs ${image}, which is not a fixed version`]: !FIXED_IMAGE.test(image),
  }).map((text) => `container ${name} ${text}`);
}

function probeViolations({ name, livenessProbe, readinessProbe }: Container): string[] {
  const missing = Object.entries({ livenessProbe, readinessProbe }).filter(([, probe]) => !probe);
  return missing.map(([probe]) => `container ${name} has no ${probe}`);
}

function broken(rules: Record<string, boolean>): string[] {
  return Object.keys(rules).filter((text) => rules[text]);
}
