// Measures Handlebars.js for the Go program next to it. Precompiled templates are
// rendered into a reused buffer of bytes, from a parsed context and from JSON bytes.
//
// Usage: node bench.js TESTDATA NAME...
// Prints a JSON object by name: {render, json: nanoseconds an operation, output}.
'use strict';
const fs = require('fs');
const path = require('path');
const Handlebars = require('handlebars');
const moment = require('moment-timezone');

Handlebars.registerHelper('dateFormat', function (value, options) {
  const hash = options.hash;
  const locale = hash.locale || 'en';
  return moment(value).tz(hash.timezone || 'UTC').locale(locale === 'en-us' ? 'en' : locale).format(hash.format || 'LL');
});

Handlebars.registerHelper('ifCond', function (a, op, b, options) {
  let holds = false;
  switch (op) {
    case '==': holds = a == b; break;
    case '===': holds = a === b; break;
    case '!=': holds = a != b; break;
    case '!==': holds = a !== b; break;
    case '<': holds = a < b; break;
    case '<=': holds = a <= b; break;
    case '>': holds = a > b; break;
    case '>=': holds = a >= b; break;
    case '&&': holds = a && b; break;
    case '||': holds = a || b; break;
  }
  return holds ? options.fn(this) : options.inverse(this);
});

// best returns the least time of fn in nanoseconds, of many short rounds.
function best(fn) {
  const time = (n) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < n; i++) fn();
    return Number(process.hrtime.bigint() - start);
  };
  let n = 1;
  while (time(n) < 5e6) n *= 2;
  time(20 * n); // warm
  let least = Infinity;
  for (let i = 0; i < 60; i++) least = Math.min(least, time(n) / n);
  return least;
}

const [dir, ...names] = process.argv.slice(2);
const result = {};
for (const name of names) {
  const source = fs.readFileSync(path.join(dir, name + '.hbs'), 'utf8');
  const json = fs.readFileSync(path.join(dir, name + '.json'));
  const render = Handlebars.template(new Function('return ' + Handlebars.precompile(source))());
  const buffer = Buffer.alloc(1 << 20);
  const context = JSON.parse(json);
  result[name] = {
    render: best(() => buffer.write(render(context))),
    json: best(() => buffer.write(render(JSON.parse(json.toString())))),
    output: render(context),
  };
}
console.log(JSON.stringify(result));
