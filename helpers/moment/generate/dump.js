'use strict';
// Prints everything that helpers/moment needs of Moment.js as one JSON object:
//   {moment, timezone, locales: [...], zones: {...}}
//
// Names, long formats, week rules and eras are read; what Moment computes with functions (ordinals, meridiem,
// digit rewriting) is sampled over its whole domain, and the shape that the samples are stored in is checked
// against further samples. The functions themselves are fingerprinted in fingerprints.json: when Moment changes
// one, this script fails, since a sample or a rule below may no longer say what the function does.
// `node dump.js --accept` writes the fingerprints anew, once somebody has read the change.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const moment = require('moment');
const timezone = require('moment-timezone');

const names = ['en'].concat(
  fs.readdirSync(path.join(path.dirname(require.resolve('moment')), 'locale'))
    .filter((f) => f.endsWith('.js')).map((f) => f.slice(0, -3)).sort());

function fail(message) {
  console.error('dump.js: ' + message);
  process.exit(1);
}

// Which form of a name is used depends on the whole expanded format. Where Moment holds a regular expression it is
// taken over; the rules that it wrote as functions stand here, and the fingerprints guard them. The first rule that
// matches selects its form, no match the first form. A sample format shows each form to the dump.
const MONTHS_IN_FORMAT = /D[oD]?(\[[^\[\]]*\]|\s)+MMMM?/;
const functionRules = {
  'el months': [{ match: '^(?:M{0,3}[^DM])*M{0,3}D', sample: 'D MMMM' }],
  'pl months': [{ match: 'D MMMM', sample: 'D MMMM' }],
  'uk weekdays': [
    { match: '(\\[[ВвУу]\\]) ?dddd', sample: '[у] dddd' },
    { match: '\\[?(?:минулої|наступної)? ?\\] ?dddd', sample: '[минулої] dddd' },
  ],
};
for (const l of ['es', 'es-do', 'es-mx', 'es-us', 'fy', 'nl', 'nl-be']) {
  functionRules[l + ' monthsShort'] = [{ match: '-MMM-', sample: '-MMM-' }];
}

function column(locale, data, field, method, count) {
  const at = (i) => (count === 12 ? moment.utc([2001, i, 1]) : moment.utc([2001, 0, 7 + i]));
  const form = (format) => Array.from({ length: count }, (_, i) => method.call(data, at(i), format));
  const forms = [form('')];
  const rules = [];
  const own = Object.prototype.hasOwnProperty.call(data, field);
  const value = data['_' + field];
  if (own) {
    const known = functionRules[locale + ' ' + field];
    if (!known) fail(`${locale}: ${field} is a function that functionRules does not know`);
    for (const rule of known) {
      forms.push(form(rule.sample));
      rules.push(rule.match);
    }
  } else if (!Array.isArray(value)) {
    let rule = value.isFormat || (count === 12 ? MONTHS_IN_FORMAT : null);
    if (field === 'monthsShort') rule = MONTHS_IN_FORMAT;
    if (!rule || rule.flags) fail(`${locale}: ${field} has no usable rule`);
    forms[0] = value.standalone;
    forms.push(value.format);
    rules.push(rule.source);
  }
  for (const f of forms) {
    if (f.length !== count || f.some((n) => typeof n !== 'string')) fail(`${locale}: ${field} is not ${count} strings`);
  }
  return rules.length ? { forms, rules } : { forms };
}

// An ordinal is its number between a prefix and a suffix, "%d" standing for the number. Below 200 every number has
// its own entry; from 200 on the entry depends on the number modulo 100 (checked up to the last year of Date).
const ordinalTokens = ['M', 'Q', 'D', 'DDD', 'd', 'w', 'W', 'y'];

function ordinals(locale, data) {
  const forms = [];
  const tables = {};
  const entry = (n, token) => {
    const text = String(data.ordinal(n, token));
    const parts = text.split(String(n)); // one part: Moment has no form for this number and prints "NaN"
    if (parts.length > 2) fail(`${locale}: ordinal ${token} ${n} is ${text}`);
    const form = parts.join('%d');
    let i = forms.indexOf(form);
    if (i < 0) i = forms.push(form) - 1;
    return i;
  };
  for (const token of ordinalTokens) {
    const low = [];
    const high = [];
    for (let n = 0; n < 200; n++) low.push(entry(n, token));
    for (let n = 200; n < 300; n++) high.push(entry(n, token));
    for (let n = 300; n < 280000; n += n < 12000 ? 1 : 7) {
      if (entry(n, token) !== high[n % 100]) fail(`${locale}: ordinal ${token} ${n} is not what ${n % 100} has`);
    }
    tables[token] = [low, high];
  }
  if (forms.length === 1) return { forms };
  const encode = (t) => t.map((list) => list.map((i) => i.toString(36)).join('')).join(' ');
  const byTable = new Map();
  for (const token of ordinalTokens) {
    const key = encode(tables[token]);
    byTable.set(key, (byTable.get(key) || []).concat(token));
  }
  return { forms, tables: [...byTable].map(([table, tokens]) => ({ tokens, table })) };
}

// Meridiem texts as [first minute of the day, upper case, lower case], in order.
function meridiem(data) {
  const out = [];
  for (let minute = 0; minute < 1440; minute++) {
    const hour = Math.floor(minute / 60);
    const upper = data.meridiem(hour, minute % 60, false);
    const lower = data.meridiem(hour, minute % 60, true);
    const last = out[out.length - 1];
    if (!last || last[1] !== upper || last[2] !== lower) out.push([minute, upper, lower]);
  }
  return out;
}

// The rewriting of the finished text, as a map from character to text. It must work character by character.
function rewrite(locale, data) {
  const map = {};
  for (let c = 0; c < 0x10000; c++) {
    const ch = String.fromCharCode(c);
    const to = data.postformat(ch);
    if (to !== ch) map[ch] = to;
  }
  let state = 1;
  for (let i = 0; i < 2000; i++) {
    let text = '';
    for (let j = 0; j < 12; j++) {
      state = (state * 1103515245 + 12345) % 2147483648;
      text += '0123456789, .:-+ab,'[state % 19];
    }
    if (data.postformat(text) !== [...text].map((c) => map[c] || c).join('')) {
      fail(`${locale}: postformat is no character map for ${text}`);
    }
  }
  return Object.keys(map).length ? map : undefined;
}

const fingerprints = {};
function fingerprint(locale, data) {
  for (const key of Object.keys(data).sort()) {
    if (typeof data[key] === 'function' && !['isPM', 'meridiemHour', 'preparse', 'calendar'].includes(key)) {
      fingerprints[`${locale} ${key}`] =
        crypto.createHash('sha256').update(String(data[key])).digest('hex').slice(0, 16);
    }
  }
}

function dumpLocale(name) {
  moment.locale(name);
  const data = moment.localeData(name);
  if (data._abbr !== name) fail(`${name}: loaded as ${data._abbr}`);
  fingerprint(name, data);
  const formats = {};
  for (const key of ['LT', 'LTS', 'L', 'LL', 'LLL', 'LLLL', 'l', 'll', 'lll', 'llll']) {
    const text = data._longDateFormat[key];
    if (text !== undefined) formats[key] = text;
  }
  const time = (v) => (v === undefined ? undefined : moment.utc(v).startOf('day').valueOf());
  return {
    name,
    months: column(name, data, 'months', data.months, 12),
    monthsShort: column(name, data, 'monthsShort', data.monthsShort, 12),
    weekdays: column(name, data, 'weekdays', data.weekdays, 7),
    weekdaysShort: column(name, data, 'weekdaysShort', data.weekdaysShort, 7),
    weekdaysMin: column(name, data, 'weekdaysMin', data.weekdaysMin, 7),
    formats,
    ordinals: ordinals(name, data),
    meridiem: meridiem(data),
    rewrite: rewrite(name, data),
    dow: data._week.dow,
    doy: data._week.doy,
    invalid: data.invalidDate(),
    eras: data._eras && data._eras.map((e) => ({
      since: time(e.since),
      // Beyond every Date stands for an era without an end.
      until: e.until === -Infinity ? -9e15 : e.until === undefined || e.until === Infinity ? 9e15 : time(e.until),
      offset: e.offset, name: e.name, narrow: e.narrow, abbr: e.abbr,
    })),
  };
}

if (process.env.TZ !== 'UTC') fail('run with TZ=UTC: eras begin at midnight of the process');
const locales = names.map(dumpLocale);

const file = path.join(__dirname, 'fingerprints.json');
const text = JSON.stringify(fingerprints, null, 1) + '\n';
if (process.argv.includes('--accept')) {
  fs.writeFileSync(file, text);
} else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
  const old = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  const changed = [...new Set(Object.keys(old).concat(Object.keys(fingerprints)))]
    .filter((k) => old[k] !== fingerprints[k]);
  fail('functions of Moment changed: ' + changed.join(', ') + '; read them, then run with --accept');
}

const packed = require('moment-timezone/data/packed/latest.json');
process.stdout.write(JSON.stringify({
  moment: moment.version,
  timezone: timezone.tz.version,
  data: packed.version,
  locales,
  // Packed zones without their populations, and links "zone|other name".
  zones: { version: packed.version, zones: packed.zones.map((z) => z.split('|').slice(0, 5).join('|')), links: packed.links },
}));
