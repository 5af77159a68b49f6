'use strict';
// Writes ../data/relative.jsonl.gz, a line a locale: how long something takes or is ago (relativeTime), and days near today
// (calendar). Moment computes them with functions; they are sampled over their whole domain here.
//
//   {"name", "units": {"plain" | "plainFuture" | "past" | "future": {"s" | "m" | "mm" | …: [pattern…, indexes]}}, "calendar": {"sameDay" | …: [format…, indexes]}}
//
// plainFuture has only what is not as in plain. %d stands for the number. The last text of a list says which pattern each number takes, a character of base 36 each, or two where there are more than 36; it is empty
// where they take the first. Beyond 999 years, the first digit and the last two decide. A calendar's format depends on the day of
// the week, the hour, and whether both days are in one week: day × 48 + hour × 2 + (1 in one week).
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const moment = require('moment');

const names = ['en'].concat(
  fs.readdirSync(path.join(path.dirname(require.resolve('moment')), 'locale'))
    .filter((f) => f.endsWith('.js')).map((f) => f.slice(0, -3)).sort());

const ranges = { s: [1, 44], m: [1, 1], mm: [2, 44], h: [1, 1], hh: [2, 21], d: [1, 1], dd: [2, 25], M: [1, 1], MM: [2, 10], y: [1, 1], yy: [2, 999] };

function pack(samples) {
  const patterns = [...new Set(samples)];
  if (patterns.length === 1) return [...patterns, ''];
  const width = patterns.length > 36 ? 2 : 1;
  return [...patterns, samples.map((s) => patterns.indexOf(s).toString(36).padStart(width, '0')).join('')];
}

function say(data, n, key, form) {
  const plain = form.startsWith('plain');
  const text = data.relativeTime(n, plain, key, form === 'future' || form === 'plainFuture');
  const whole = plain ? text : data.pastFuture(form === 'future' ? 1 : -1, text);
  return n === 1 && key !== 's' ? whole : whole.replace(new RegExp('(?<!\\d)' + n + '(?!\\d)'), '%d');
}

const lines = names.map((name) => {
  moment.locale(name);
  const data = moment.localeData(name);
  const units = {};
  for (const form of ['plain', 'plainFuture', 'past', 'future']) {
    units[form] = {};
    for (const [key, [from, to]] of Object.entries(ranges)) {
      const samples = [];
      for (let n = from; n <= to; n++) samples.push(say(data, n, key, form));
      const packed = pack(samples);
      if (form !== 'plainFuture' || packed.join() !== units.plain[key].join()) units[form][key] = packed;
    }
    for (let n = 1000; n < 10000 && name !== 'tlh'; n++) { // Klingon writes numbers as words
      const like = Number(String(n)[0]) * 100 + (n % 100);
      if (say(data, n, 'yy', form) !== say(data, like, 'yy', form)) throw new Error(`${name}: ${n} years are not as ${like}`);
    }
  }
  const calendar = {};
  for (const key of ['sameDay', 'nextDay', 'nextWeek', 'lastDay', 'lastWeek', 'sameElse']) {
    const samples = [];
    for (let day = 0; day < 7; day++) {
      for (let hour = 0; hour < 24; hour++) {
        const at = moment.utc([2023, 0, 8 + day, hour, 30]).locale(name);
        for (const same of [0, 1]) {
          const now = same ? at.clone() : at.clone().add(14, 'days');
          const format = data.calendar(key, at, now);
          samples.push(format);
        }
      }
    }
    calendar[key] = pack(samples);
  }
  return JSON.stringify({ name, units, calendar });
});
fs.writeFileSync(path.join(__dirname, '../data/relative.jsonl.gz'), zlib.gzipSync(lines.join('\n') + '\n', { level: 9 }));
