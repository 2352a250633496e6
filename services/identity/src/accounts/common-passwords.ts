import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The most common passwords, from the dictionaries of zxcvbn-ts (MIT). */
const file = createRequire(import.meta.url).resolve('@zxcvbn-ts/language-common/src/passwords.json');
const common = new Set<string>(JSON.parse(readFileSync(file, 'utf8')));

export const isCommon = (password: string): boolean => common.has(password.toLowerCase());
