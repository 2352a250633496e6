import type { Money } from '@sidecart/contracts/money';

/** A mail. Text messages use its text only. */
export interface Content {
  subject: string;
  text: string;
  html: string;
}

export type Row = [label: string, amount: string];

/** Renders a mail. This is the only place that produces HTML, and it escapes everything. */
export function render({ subject, paragraphs, rows = [] }: { subject: string; paragraphs: string[]; rows?: Row[] }): Content {
  const text = [...paragraphs, rows.map(([label, amount]) => `${label}  ${amount}`).join('\n')].filter(Boolean).join('\n\n');
  const body = paragraphs.map((each) => `<p>${escaped(each)}</p>`).join('\n');
  const cells = rows.map(([label, amount]) => `<tr><td>${escaped(label)}</td><td align="right">${escaped(amount)}</td></tr>`).join('\n');
  const table = cells && `<table cellpadding="4">\n${cells}\n</table>`;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head>
<body>
${body}
${table}
</body></html>
`;
  return { subject, text: `${text}\n`, html };
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const formats = new Map<string, Intl.NumberFormat>(); // creating one costs a hundred times as much as using it
const dates = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

/** Formats an amount, for example `€47.58`. */
export function formatMoney({ amount, currency }: Money): string {
  const format = formats.get(currency) ?? new Intl.NumberFormat('en', { style: 'currency', currency });
  formats.set(currency, format);
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0));
}

/** Formats a time, for example `May 1, 2026 at 12:30 PM UTC`. */
export const formatTime = (iso: string): string => `${dates.format(new Date(iso))} UTC`;
