// Dates and times as a chat client writes them, always against the workspace's own clock.

import { clock } from './store.js';

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const timeFormat = format({ hour: '2-digit', minute: '2-digit' });
const secondFormat = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayFormat = format({ weekday: 'long', day: 'numeric', month: 'long' });
const fullFormat = format({ dateStyle: 'full', timeStyle: 'medium' });
const longDate = format({ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' });
const plainDate = format({ year: 'numeric', month: 'long', day: 'numeric' });
const shortDate = format({ year: 'numeric', month: 'short', day: 'numeric' });

export const ofStamp = (ts) => new Date(Number(ts) * 1000);
export const shortTime = (date) => timeFormat.format(date);
export const longTime = (date) => secondFormat.format(date);
export const fullTime = (date) => fullFormat.format(date);
export const dayKey = (date) => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;

// dayName says Today and Yesterday where it can.
export function dayName(date) {
  const near = nearDay(date);
  return near ? near[0].toUpperCase() + near.slice(1) : dayFormat.format(date);
}

function nearDay(date) {
  const day = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const distance = Math.round((day(date) - day(new Date(clock.now()))) / 86_400_000);
  return { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' }[distance];
}

// ago says how long a moment is past, in one unit.
export function ago(date) {
  const seconds = Math.round((date.getTime() - clock.now()) / 1000);
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  const size = Math.abs(seconds);
  if (size < 60) return relative.format(seconds, 'second');
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

// dateTokens fills a date mention's pattern, such as "{date_short_pretty} at {time}".
export function dateTokens(epoch, pattern) {
  const date = new Date(Number(epoch) * 1000);
  const pad = (n) => String(n).padStart(2, '0');
  const pretty = (plain) => nearDay(date) ?? plain.format(date);
  const tokens = {
    date_num: () => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`,
    date_slash: () => `${date.getFullYear()}/${pad(date.getMonth() + 1)}/${pad(date.getDate())}`,
    date: () => plainDate.format(date),
    date_short: () => shortDate.format(date),
    date_long: () => longDate.format(date),
    date_pretty: () => pretty(plainDate),
    date_short_pretty: () => pretty(shortDate),
    date_long_pretty: () => pretty(longDate),
    time: () => shortTime(date),
    time_secs: () => longTime(date),
    ago: () => ago(date),
  };
  const text = pattern.replace(/\{(\w+)\}/g, (whole, name) => tokens[name]?.() ?? whole);
  return { text, title: fullTime(date) };
}

// duration writes seconds as "1 h 05 m".
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} m`;
}
