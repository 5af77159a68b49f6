'use strict';
// Answers, line by line, what Moment.js prints. A request is a JSON object with "kind":
//   formats: {locale, formats: [f…], instants: [[ms, zone]…]} → texts, instant by instant in each format
//   cases:   {cases: [[locale, format, ms, zone]…]}           → texts
//   parse:   {inputs: [[text, zone]…]}                        → milliseconds, or null where the text is no date
//   zones:   {zone, instants: [ms…]}                          → [offset in minutes, abbreviation] each
//   changes: {zone}                                           → when its clocks change, but for the last
//   lookup:  {names: [name…]}                                 → the locale that Moment takes for each
const path = require('path');
const readline = require('readline');
const { createRequire } = require('module');
const load = createRequire(path.join(__dirname, '../generate/package.json'));
const moment = load('moment');
load('moment-timezone');
moment.suppressDeprecationWarnings = true;
console.error = () => {};
// What Moment can't read it would hand to Date, whose answer depends on the engine. We don't.
moment.createFromInputFallback = (config) => { config._d = new Date(NaN); };
if (moment.version !== '2.30.1' || process.env.TZ !== 'UTC') throw new Error('needs moment 2.30.1 and TZ=UTC');

const at = (ms, zone) => (zone ? moment.tz(ms, zone) : moment.utc(ms));
// Moment throws for a format of line breaks alone and prints ISO 8601 for an empty one; both are empty text here. A
// format such as "constructor" finds a function of Object's in Moment's cache; "[]" before it avoids that.
const print = (m, format) => {
  if (/^[\n\r\u2028\u2029]*$/.test(format)) return '';
  return m.format(format in {} ? '[]' + format : format);
};
const known = new Set();
function localeOf(name) {
  if (!known.has(name)) {
    moment.locale(name);
    moment.locale('en');
    known.add(name);
  }
  return name;
}

const answer = {
  formats({ locale, formats, instants }) {
    localeOf(locale);
    const moments = instants.map(([ms, zone]) => at(ms, zone).locale(locale));
    const out = [];
    for (const f of formats) for (const m of moments) out.push(print(m, f));
    return out;
  },
  cases({ cases }) {
    return cases.map(([locale, format, ms, zone]) => print(at(ms, zone).locale(localeOf(locale)), format));
  },
  parse({ inputs }) {
    return inputs.map(([text, zone]) => {
      const m = zone ? moment.tz(text, zone) : moment.utc(text);
      return m.isValid() ? m.valueOf() : null;
    });
  },
  zones({ zone, instants }) {
    return instants.map((ms) => {
      const m = moment.tz(ms, zone);
      return [m.utcOffset(), m.zoneAbbr()];
    });
  },
  changes({ zone }) {
    return moment.tz.zone(zone).untils.filter(Number.isFinite);
  },
  lookup({ names }) {
    return names.map((n) => moment.utc(0).locale(n).localeData()._abbr);
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  process.stdout.write(JSON.stringify(answer[request.kind](request)) + '\n');
});
