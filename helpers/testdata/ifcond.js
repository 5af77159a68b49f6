'use strict';
// Prints what JavaScript's operators say of every pair of values: node ifcond.js > ifcond.json
// Both sides are made anew, as data is: two equal lists are two lists.
const values = [
  'undefined', 'null', 'true', 'false', '0', '1', '-1', '2', '10', '9', '1.0', '1e0', '0.1', '9007199254740993', '1e999',
  '""', '" "', '"0"', '"1"', '" 1 "', '"1.0"', '"01"', '"0x10"', '"1e1"', '"10"', '"9"', '"true"', '"false"', '"null"',
  '"undefined"', '"NaN"', '"Infinity"', '"a"', '"b"', '"B"', '"é"', '"ｅ"', '"😀"', '"\\n"', '"1,2"', '"[object Object]"',
  '"1_0"', '"0b11"', '"+1"', '"-"', '"."', '".5"', '"5."', '"1e1000"', '"\\u00a01"', '16', '3', '0.5', '5',
  '[]', '[0]', '[1]', '["1"]', '[1,2]', '["a"]', '[[]]', '[null]', '{}', '{"a":1}',
];
const operators = ['==', '===', '!=', '!==', '<', '<=', '>', '>=', '&&', '||'];
const results = {};
for (const operator of operators) {
  const test = (a, b) => (eval(`((a, b) => a ${operator} b)((${a}), (${b}))`) ? '1' : '0');
  results[operator] = values.map((a) => values.map((b) => test(a, b)).join(''));
}
process.stdout.write(JSON.stringify({ values, operators, results }, null, 1) + '\n');
