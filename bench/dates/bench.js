'use strict';
// Measures Moment.js. A line of input is {mode, locale, format, zone, instants, milliseconds}; the answer is the
// nanoseconds of one formatted date, the best of five rounds that together take about so many milliseconds, and the
// texts of the first instants.
//   format:   a moment that is there is formatted; nothing else is measured
//   create:   a moment is made of milliseconds, put in zone and locale, and formatted
//   parse:    the same from ISO 8601 text
//   template: Handlebars.js renders a precompiled template that calls a dateFormat helper with ISO 8601 text
const readline = require('readline');
const Handlebars = require('handlebars');
const moment = require('moment');
require('moment-timezone');

Handlebars.registerHelper('dateFormat', (value, options) => moment.tz(value, options.hash.timezone)
  .locale(options.hash.locale).format(options.hash.format));

function work({ mode, locale, format, zone, instants }) {
  moment.locale(locale);
  moment.locale('en');
  const n = instants.length;
  let length = 0; // keeps the work from being optimized away
  let text;
  if (mode === 'format') {
    const moments = instants.map((ms) => moment.tz(ms, zone).locale(locale));
    text = (i) => moments[i % n].format(format);
  } else if (mode === 'create') {
    text = (i) => moment.tz(instants[i % n], zone).locale(locale).format(format);
  } else if (mode === 'parse') {
    const texts = instants.map((ms) => new Date(ms).toISOString());
    text = (i) => moment.tz(texts[i % n], zone).locale(locale).format(format);
  } else {
    const contexts = instants.map((ms) => ({ at: new Date(ms).toISOString() }));
    const template = Handlebars.compile(`{{dateFormat at format="${format}" locale="${locale}" timezone="${zone}"}}`);
    text = (i) => template(contexts[i % n]);
  }
  const body = (i) => { length += text(i).length; };
  return { body, used: () => length, texts: instants.slice(0, 50).map((_, i) => text(i)) };
}

function measure(request) {
  const { body, used, texts } = work(request);
  const round = request.milliseconds / 6;
  let best = Infinity;
  for (let r = 0; r < 6; r++) { // the first warms up
    const start = process.hrtime.bigint();
    let count = 0;
    let elapsed = 0;
    while (elapsed < round * 1e6) {
      for (let i = 0; i < 200; i++) body(count + i);
      count += 200;
      elapsed = Number(process.hrtime.bigint() - start);
    }
    if (r > 0) best = Math.min(best, elapsed / count);
  }
  if (used() === 0) throw new Error('nothing was formatted');
  return { nanoseconds: best, texts };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(JSON.stringify(measure(JSON.parse(line))) + '\n');
});
