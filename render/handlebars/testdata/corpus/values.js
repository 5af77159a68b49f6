// Answers how JavaScript prints, tests and compares values: values.json.
//
// Usage: node values.js
'use strict';
const fs = require('fs');
const path = require('path');

const samples = [
  'null', 'true', 'false', '0', '-0', '1', '-1', '1.5', '12.50', '1e21', '1e-7', '123456789012345680000', '5e-324', '1.7976931348623157e308',
  '0.1', '0.000001', '0.0000012', '100', '1e2', '-1e-7', '-1.5e-9', '1e-10', '1e100', '""', '" "', '"0"', '"1"', '"1.0"', '" 12 "', '"abc"', '"true"', '"null"',
  '"0x1f"', '"0X1F"', '"-0x1f"', '"0b11"', '"0o17"', '"0x"', '"1e2"', '"1e400"', '"Infinity"', '"+Infinity"', '"-Infinity"', '"infinity"', '"inf"', '"NaN"', '"-"', '"."', '"+5"', '"++5"', '"5."', '".5"', '"1_0"', '"1e"',
  '"é"', '"\\uffee"', '"😀"', '"a"', '"b"', '"B"', '"1,2"', '"[object Object]"', '"\\u00a05"', '"\\ufeff7"', '[]', '[1]', '["a"]', '[1,2]', '[[1],[2,3],null,"x",true]',
  '[null]', '[true]', '[[]]', '[[],[]]', '[["1"]]', '["1,2"]', '{}', '{"a":1}', '[{}]', '["1"]', '[" 12 "]', '"10"', '"9"', '10', '9',
];
const text = (v) => (v == null ? '' : '' + v);
const one = (v) => [!!v, text(v), typeof v === 'string' ? v.length : 0].join('|');
const pair = (a, b) => [a == b, a === b, a < b, a > b, a <= b, a >= b].map(Number).join('');
const out = {
  samples,
  one: samples.map((s) => one(JSON.parse(s))),
  pairs: samples.map((a) => samples.map((b) => pair(JSON.parse(a), JSON.parse(b))).join(' ')),
};
fs.writeFileSync(path.join(__dirname, 'values.json'), JSON.stringify(out, null, 1) + '\n');
