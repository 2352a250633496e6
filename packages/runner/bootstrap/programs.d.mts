export type ToolName = 'daprd' | 'nats-server' | 'dapr' | 'ferretdb' | 'otelcol' | 'helm' | 'kubeconform' | 'kustomize' | 'actionlint';

export interface Program {
  name: ToolName;
  /** The version that its go.mod pins. */
  version: string;
  /** The commands that need it. */
  neededBy: ('start' | 'test')[];
  /** Folder in `tools/` with the Go module that builds it. */
  folder: string;
  /** The module in that folder's go.mod that has the program's version. */
  module: string;
  /** The package to build, and the flags of the build. */
  package: string;
  flags: string[];
  /** Time of the first build on two cores. */
  takes: string;
  /**
   * Versions to accept if the program is installed, and the flag that prints the version. Without
   * it, only our own build will do.
   */
  installed?: { flag: string; from: string; below: string };
  /** Paths of the release archive, of the file with its SHA-256 checksum, and in the archive. */
  release?: { archive: string; checksums: string; program: string };
  /** How to install it, by operating system. */
  install: Record<string, string>;
}

/** All programs. */
export const NAMES: ToolName[];

/** Returns the names of the programs that a command needs. */
export function neededBy(command: 'start' | 'test'): ToolName[];

export function programOf(name: ToolName): Program;

/**
 * Fills in `{version}`, `{os}`, `{arch}`, `{extension}` and `{exe}` in a text of `programs.json`.
 */
export function fill(text: string, program: Pick<Program, 'version'>): string;

/** Returns the versions to accept if the program is installed, as text. */
export function acceptedVersions(program: Program): string;

/**
 * Looks on PATH, in `~/.dapr/bin` and in the user's cache. `unusable` says which versions were
 * found that will not do.
 */
export function findInstalled(program: Program, env: NodeJS.ProcessEnv): Promise<{ path?: string; unusable: string[] }>;

/** Returns the version that a program prints, or `undefined` if it is missing or prints none. */
export function versionOf(path: string, program: Program): Promise<string | undefined>;

/** Returns the path in the user's cache where a downloaded or built program is kept. */
export function cachedPath(program: Program, env: NodeJS.ProcessEnv): string;

export function cacheFolder(env: NodeJS.ProcessEnv): string;

/** Returns `undefined` if the program has no release or downloads are turned off. */
export function releaseUrls(program: Program, env: NodeJS.ProcessEnv): { archive: string; checksums: string } | undefined;

/** Returns the version of Go that the modules in `tools/` need, for example `1.26`. */
export function goVersion(): string;

/** Returns the path of Go, and why nothing can be built with it. */
export function findGo(env: NodeJS.ProcessEnv): Promise<{ path: string; problem: undefined } | { path?: string; problem: string }>;

export function isExecutable(path: string): Promise<boolean>;
