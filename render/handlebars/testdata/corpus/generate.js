// Generates the differential corpus: contexts.json, partials.json and cases.jsonl,
// one case a line: {t: template, c: index of the context, want | error, plain}.
// The same seed gives the same corpus.
//
// Usage: npm ci && npm run generate [-- seed [factor]]; the committed corpus has neither.
'use strict';
const fs = require('fs');
const path = require('path');
const { answerer } = require('./oracle.js');

// A small generator of random numbers (mulberry32).
let state = Number(process.argv[2] || 20260101);
function random(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
const pick = (list) => list[random(list.length)];
const maybe = (percent) => random(100) < percent;
const some = (n, f) => Array.from({ length: random(n + 1) }, f).join('');

const contexts = [
  { a: 'A', b: '<b> & "q" \'s\' `t` =', n: 1, z: 0, e: '', t: true, f: false, u: null, o: { a: 'oa', k: { a: 'oka', x: [1, 2] } }, l: ['x', 'y', 'z'], p: [{ a: 'p0', l: [1, 2] }, { a: 'p1' }, { b: 'p2b' }], em: [], eo: {} },
  { a: 12.5, b: -0.25, n: 1e21, z: 1e-7, t: 'true', f: 'false', o: [1, [2, 3], null, 'x', true], l: { one: 1, two: { a: 'in two' }, 3: 'three', 1: 'uno' }, p: [[1, 2], [], [3]], k: 'a' },
  { a: { a: { a: 'deep', b: 0 }, b: false }, b: { valueOf: 'own', constructor: 'own too' }, l: [0, '', null, false, 'last'], p: [{ p: [{ p: [{ a: 'three deep' }] }] }], '': 'empty key', 'a b': 'spaced', this: 'this key', '@x': 'at', 12: 'twelve', 'x-y': 'dash', é: 'accent', length: 5 },
  { items: [{ name: 'Ann', tags: ['t1', 't2'] }, { name: 'Bob <b@x>', tags: [] }, { name: null }], a: 'line1\nline2\n', b: '\u00e9\ud83d\ude00x', o: { items: [] }, p: 'str', l: 'abc', n: 3, t: 1 },
  ['zero', { a: 'one' }, ['n', 'm']],
  'a string',
  null,
  { a: 100, b: 'B', o: { a: null, k: undefined, l: [[['x']]] }, l: [{ a: 1 }, { a: 2, l: ['q'] }], p: { q: { r: { s: 't' } } }, z: -1, e: ' ', f: 0.1, u: 123456789.125, n: 5e-324, t: [] },
];

const partials = {
  plain: 'plain:{{a}}',
  lines: 'first {{a}}\nsecond {{b}}\n',
  'dir/deep': '[{{n}}{{> plain}}]',
  up: 'up:{{../a}}/{{@index}}/{{@root.a}}',
  block: '<{{> @partial-block}}>',
  twice: '{{> @partial-block}}+{{> @partial-block a="given"}}',
  layout: '{{> nav}}|{{> @partial-block}}|{{#> foot}}default foot{{/foot}}',
  nested: '{{#> block}}n{{> @partial-block}}{{/block}}',
  each: '{{#each .}}{{@key}}={{this}};{{/each}}',
  hasblock: '{{#if @partial-block}}yes{{> @partial-block}}{{else}}no{{/if}}',
};

const names = ['a', 'b', 'n', 'z', 'e', 't', 'f', 'u', 'o', 'l', 'p', 'k', 'em', 'eo', 'items', 'name', 'missing'];
const odd = ['[a b]', 'x-y', 'é', '[this]', '[@x]', '12', 'length', 'constructor', '__proto__', 'toString', '[]', 'elsewhere', 'thisx', 'trueish', 'null', '"a"', "'a b'"];
const space = () => pick(['', '', '', ' ', '  ', '\n', '\t', '\r\n', ' \n ']);
const gap = () => pick([' ', ' ', ' ', '  ', '\n', '\t', '\r\n']);

// A scope has the block parameters and inline partials at a place.
const root = { params: [], inlines: [], depth: 0 };

function segment() {
  return maybe(85) ? pick(names) : maybe(5) ? pick(['0', '1']) : pick(['length', '[1]', '[0]', 'x-y', '[a b]', '[]']);
}

function fieldPath(scope) {
  if (scope.params.length && maybe(35)) return pick(scope.params) + (maybe(25) ? '.' + segment() : '');
  switch (random(20)) {
    case 0: return 'this';
    case 1: return '.';
    case 2: return '..';
    case 3: return './' + segment();
    case 4: return 'this.' + segment();
    case 5: case 6: return '../' + segment() + (maybe(30) ? '.' + segment() : '');
    case 7: return '../../' + segment();
    case 8: return '@' + pick(['index', 'key', 'first', 'last', 'root', 'root.a', '../index', '../key', 'x', 'y', 'root.l.[0]', 'index.x', 'key.length']);
    case 9: return segment() + pick(['.', '/']) + segment() + '.' + segment();
    case 10: case 11: return segment() + pick(['.', '/']) + segment();
    case 12: return pick(odd);
    default: return pick(names);
  }
}

function literal() {
  return pick(['"s"', "'t'", '"q\\"q"', "''", '0', '1', '-2', '3.50', '1.0', 'true', 'false', 'null', 'undefined', '"a b"', '"<&>"', '007', '1000000000000000', '"1"', '"\n"']);
}

function argument(scope, depth) {
  const n = random(10);
  if (n < 5) return fieldPath(scope);
  if (n < 8 || depth > 2) return literal();
  return '(' + space() + call(scope, depth + 1) + space() + ')';
}

function hash(scope, depth) {
  return some(2, () => gap() + pick(['a', 'b', 'sep', 'x', '[a b]']) + space() + '=' + space() + argument(scope, depth));
}

function call(scope, depth) {
  switch (random(7)) {
    case 0: return 'echo' + gap() + argument(scope, depth);
    case 1: return 'cat' + some(3, () => gap() + argument(scope, depth)) + hash(scope, depth);
    case 2: return (depth ? 'kind' : 'safe') + gap() + argument(scope, depth); // a SafeString is an object in JavaScript: not as an argument
    case 3: return 'list' + some(3, () => gap() + argument(scope, depth));
    case 4: return 'kind' + gap() + argument(scope, depth);
    case 5: return 'lookup' + gap() + argument(scope, depth) + gap() + argument(scope, depth);
    default: return maybe(97) ? 'echo' + gap() + argument(scope, depth) : pick(['nohelper', 'a.b', 'if', './echo', '@echo']) + gap() + argument(scope, depth);
  }
}

const tilde = () => (maybe(12) ? '~' : '');
const open = (kind) => '{{' + tilde() + kind + space();
const close = () => space() + tilde() + '}}';

function textPart() {
  if (maybe(1)) return pick(['\\', '{', '{{']);
  return pick(['text', ' ', '\n', '\n  ', '  \n', 'a\n\n b', '{ ', '}', ' \\ ', ' \\\\', '\r\n', '<p>', '\u00a0', 'é', '', '"', '\\{{a}}', '\\\\{{a}}', '{ { ', '\t', '[[x]]']);
}

function program(scope, length) {
  return some(length, () => (maybe(45) ? textPart() : statement(scope)));
}

function nested(scope, params, length) {
  return program({ params: params === null ? scope.params : [...scope.params, ...params], inlines: scope.inlines, depth: scope.depth + 1 }, length || 3);
}

function block(scope) {
  const bar = (...max) => { if (!maybe(25)) return [[], '']; const ps = ['v', 'w'].slice(0, 1 + random(max[0])); return [ps, gap() + 'as |' + space() + ps.join(gap()) + space() + '|']; };
  let head, params = [], as = '', name;
  switch (random(9)) {
    case 0: case 1: name = 'if'; head = 'if' + gap() + argument(scope, 0) + (maybe(15) ? ' includeZero=true' : ''); break;
    case 2: name = 'unless'; head = 'unless' + gap() + argument(scope, 0); break;
    case 3: case 4: name = 'each'; [params, as] = bar(2); head = 'each' + gap() + argument(scope, 0); break;
    case 5: name = 'with'; [params, as] = bar(1); head = 'with' + gap() + argument(scope, 0); break;
    case 6: name = fieldPath(scope); head = name; break;
    case 7: name = pick(['wrap', 'both']); head = name; break;
    default:
      if (maybe(50)) { name = 'ctx'; [params, as] = bar(2); head = 'ctx' + gap() + argument(scope, 0); } else { name = 'data'; head = 'data' + gap() + 'x=' + argument(scope, 0) + (maybe(50) ? ' y="why"' : ''); }
  }
  let out = open('#') + head + as + close() + nested(scope, params);
  let n = 0;
  while (maybe(25) && n++ < 3) out += open(maybe(50) ? '' : '') + 'else ' + pick(['if', 'unless', 'with', 'each', 'ctx']) + gap() + argument(scope, 0) + close() + nested(scope, []);
  if (maybe(40)) out += '{{' + tilde() + pick(['else', '^', ' else ']) + tilde() + '}}' + nested(scope, []);
  return out + open('/') + name + close();
}

function inverted(scope) {
  const name = fieldPath(scope);
  return open('^') + name + close() + nested(scope, []) + (maybe(30) ? '{{else}}' + nested(scope, []) : '') + open('/') + name + close();
}

function partial(scope) {
  const known = [...Object.keys(partials).filter((n) => !['block', 'twice', 'layout', 'nested', 'hasblock'].includes(n)), ...scope.inlines];
  let name = pick(known);
  if (maybe(8)) name = '(echo "' + pick(Object.keys(partials).slice(0, 4)) + '")';
  if (maybe(2)) name = 'nopartial';
  return open('>') + name + (maybe(30) ? gap() + argument(scope, 0) : '') + hash(scope, 1) + close();
}

function partialBlock(scope) {
  const name = pick(['block', 'twice', 'layout', 'nested', 'hasblock', 'nopartial', 'plain', ...scope.inlines]);
  const body = name === 'hasblock' ? 'B' : name === 'layout' ? '{{#*inline "nav"}}' + nested({ ...scope, params: [] }, []) + '{{/inline}}' + (maybe(50) ? '{{#*inline "foot"}}F{{a}}{{/inline}}' : '') : '';
  return open('#>') + name + (maybe(30) ? gap() + argument(scope, 0) : '') + hash(scope, 1) + close() + body + nested(scope, []) + open('/') + name + close();
}

function inline(scope) {
  const name = pick(['in1', 'in2', 'nav']);
  const body = program({ params: [], inlines: [], depth: scope.depth + 1 }, 3);
  scope.inlines = [...scope.inlines, name];
  return '{{#*inline "' + name + '"}}' + body + '{{/inline}}';
}

function statement(scope) {
  if (scope.depth > 3) return '{{' + fieldPath(scope) + '}}';
  const n = random(100);
  if (n < 30) return open('') + fieldPath(scope) + close();
  if (n < 36) return '{{{' + space() + fieldPath(scope) + space() + '}}}';
  if (n < 40) return open('&') + fieldPath(scope) + close();
  if (n < 52) return open('') + call(scope, 0) + close();
  if (n < 55) return '{{{' + call(scope, 0) + '}}}';
  if (n < 80) return block(scope);
  if (n < 84) return inverted(scope);
  if (n < 89) return partial(scope);
  if (n < 92) return partialBlock(scope);
  if (n < 94) return inline(scope);
  if (n < 96) return pick(['{{! c }}', '{{!-- c }} --}}', '{{~! c ~}}', '{{!}}', '{{!----}}', '{{!-- a -- b --}}', '{{~!-- x --~}}']);
  if (n < 98) return '{{{{wrap}}}}' + pick(['{{a}}', ' raw ', '{{{{x}}}} {{{{/x}}}}', '', '{{/if}}']) + '{{{{/wrap}}}}';
  return '\n' + pick(['{{#if t}}', '{{#if missing}}']) + '\n' + textPart() + '\n{{else}}\n' + textPart() + '\n{{/if}}\n';
}

// mutate breaks a template a little.
function mutate(t) {
  for (let i = 1 + random(2); i > 0 && t.length > 0; i--) {
    const at = random(t.length);
    switch (random(4)) {
      case 0: t = t.slice(0, at) + t.slice(at + 1 + random(3)); break;
      case 1: t = t.slice(0, at) + pick(['{', '}', '~', '"', "'", '[', ']', '(', ')', '|', '=', '/', '.', '@', '#', '^', '!', '&', '>', '\\', ' ', '\n', '-', '*']) + t.slice(at); break;
      case 2: { const from = random(t.length); t = t.slice(0, at) + t.slice(from, from + random(8)) + t.slice(at); break; }
      default: t = t.slice(0, at) + pick(['{{', '}}', '{{/', '{{else}}', '{{#if a}}', '{{/if}}', '{{{', '}}}', 'as |x|', 'else', '{{^}}', '{{!--', '--}}']) + t.slice(at);
    }
  }
  return t;
}

const fragments = ['{{', '}}', '{{{', '}}}', '{{#', '{{/', '{{^', '{{>', '{{!', '{{!--', '--}}', '{{&', '{{~', '~}}', '{{{{', '}}}}', '{{{{/', 'a', 'b.a', 'if', 'each', 'else', 'as |x|', '"', "'", '[', ']', '(', ')', '=', '@', '..', '/', '.', ' ', '\n', '\\', 'true', '12', '-1.5', 'text', '\u2003', 'this', 'x', '~', '|', 'l', 'echo', '{{a}}', '{{#if a}}', '{{/if}}', '{{else}}', '{{#each l}}', '{{/each}}'];

function main() {
  const answer = answerer(partials);
  const seen = new Set();
  const lines = [];
  const count = { cases: 0, errors: 0, differ: 0 };
  const add = (t) => {
    const c = maybe(60) ? 0 : random(contexts.length);
    if (t === '' || t.length > 900 || seen.has(t) || t.includes('[[sn.') || t.includes('log')) return false;
    seen.add(t);
    const a = answer(t, contexts[c]);
    if (a.want !== undefined && a.want.length > 3000) return false;
    count.cases++;
    if (a.error) count.errors++;
    if (a.plain !== undefined) count.differ++;
    lines.push(JSON.stringify({ t, c, ...a }));
    return true;
  };
  const fill = (n, make) => { for (let i = 0; i < n; ) if (add(make())) i++; };
  const template = () => program({ ...root, inlines: [] }, 7);
  const factor = Number(process.argv[3] || 1);
  fill(2000 * factor, template);
  fill(800 * factor, () => mutate(template()));
  fill(400 * factor, () => some(7, () => pick(fragments)));
  fs.writeFileSync(path.join(__dirname, 'contexts.json'), JSON.stringify(contexts, null, 1) + '\n');
  fs.writeFileSync(path.join(__dirname, 'partials.json'), JSON.stringify(partials, null, 1) + '\n');
  fs.writeFileSync(path.join(__dirname, 'cases.jsonl'), lines.join('\n') + '\n');
  console.log(count);
}

main();
