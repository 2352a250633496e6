import type { Mail } from './mail-catcher.js';

/**
 * Returns an HTML page with the mails. Their own HTML is in sandboxed frames, where no script runs.
 */
export function renderMails(mails: Mail[]): string {
  const list = mails.map(renderMail).join('\n') || '<p>No mail yet.</p>';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mails</title>
<style>body { font-family: sans-serif } iframe { width: 100%; height: 24em; border: 1px solid #ccc }</style>
<body><h1>Mails</h1>${list}</body></html>\n`;
}

function renderMail({ receivedAt, from, to, subject, text, html }: Mail): string {
  const frame = html && `<iframe sandbox srcdoc="${escape(html)}"></iframe>`;
  return `<details><summary><b>${escape(subject)}</b> to ${escape(to.join(', '))}, ${receivedAt}</summary>
<p>From ${escape(from)}</p><pre>${escape(text)}</pre>${frame}</details>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
