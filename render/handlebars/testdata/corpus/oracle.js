// The oracle: Handlebars.js 4.7.8 as it is, and with two rules of Herald's that
// change output: the look-up of ../ paths (see the package documentation), and
// that values printed raw are put together as texts. Where {{{a}}}{{{b}}} begin a
// program, Handlebars.js adds them as numbers.
'use strict';
const Handlebars = require('handlebars');

Handlebars.log = () => {};
Handlebars.logger.log = () => {};

// text is how Handlebars.js prints a value.
const text = (v) => (v == null ? '' : '' + v);

// The helpers of the corpus, which corpus_test.go has too: form, least and most
// number of arguments, function.
const helpers = {
  echo: ['either', 0, 9, (...args) => (args.length > 1 ? args[0] : undefined)],
  cat: ['inline', 0, 9, (...args) => { const o = args.pop(); return args.map(text).join(text(o.hash.sep)); }],
  safe: ['inline', 1, 1, (v) => new Handlebars.SafeString('<' + text(v) + '>')],
  list: ['inline', 0, 9, (...args) => args.slice(0, -1)],
  kind: ['inline', 1, 1, (v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : v instanceof Handlebars.SafeString ? 'string' : typeof v)],
  wrap: ['block', 0, 1, function (...args) { const o = args[args.length - 1]; return '<w>' + o.fn(this) + '</w>'; }],
  both: ['block', 0, 0, function (o) { return o.fn(this) + '|' + o.inverse(this); }],
  ctx: ['block', 1, 1, function (v, o) { return v == null ? o.inverse(this) : o.fn(v, { data: o.data, blockParams: [v, 'second'] }); }],
  data: ['block', 0, 0, function (o) { return o.fn(this, { data: Object.assign(Handlebars.createFrame(o.data), o.hash) }); }],
};

const own = (o, k) => (Object.prototype.hasOwnProperty.call(o, k) ? o[k] : undefined);

// forms are those of the language's own helpers.
const forms = {
  if: ['block', 1, 1], unless: ['block', 1, 1], each: ['block', 1, 1], with: ['block', 1, 1],
  lookup: ['either', 2, 2], log: ['either', 0, 9],
};

// outward follows parts from the context n levels out, or the first one further
// out where they lead to something; surplus levels stop at the root.
globalThis.outward = function (depths, n, parts, lookup) {
  let value;
  for (let i = Math.min(n, depths.length - 1); i < depths.length; i++) {
    value = depths[i];
    for (const part of parts) {
      if (value == null) break;
      value = lookup(value, part);
    }
    if (value !== undefined) break;
  }
  return value;
};

function patchedCompiler(Base) {
  function Patched() {}
  Patched.prototype = Object.create(Base.prototype);
  const p = Patched.prototype;
  p.compiler = Patched;
  p.compile = function (environment, ...rest) {
    environment.useDepths = true;
    return Base.prototype.compile.call(this, environment, ...rest);
  };
  const outward = (self, parts) => {
    self.lookupPropertyFunctionIsUsed = true;
    self.push(['outward(depths, ', '' + self.lastContext, ', ', JSON.stringify(parts), ', lookupProperty)']);
  };
  p.lookupOnContext = function (parts, falsy, strict, scoped) {
    if (this.lastContext) outward(this, parts);
    else Base.prototype.lookupOnContext.call(this, parts, falsy, strict, scoped);
  };
  p.pushContext = function () {
    if (this.lastContext) outward(this, []);
    else Base.prototype.pushContext.call(this);
  };
  p.append = function () {
    if (this.isInline()) this.replaceStack((current) => [' != null ? "" + ', current, ' : ""']);
    Base.prototype.append.call(this);
  };
  return Patched;
}

function environment(patched, partials) {
  const hb = Handlebars.create();
  if (patched) hb.JavaScriptCompiler = patchedCompiler(hb.JavaScriptCompiler);
  for (const [name, [, , , fn]] of Object.entries(helpers)) hb.registerHelper(name, fn);
  for (const [name, source] of Object.entries(partials)) hb.registerPartial(name, source);
  return hb;
}

// staticFault says what Herald refuses when it compiles a template, though
// Handlebars.js complains only where it comes to it, if at all.
function staticFault(template, partials) {
  const inlines = new Set();
  const calls = [];
  let fault = '';
  let anyName = false;
  const seen = new Set();

  function source(text) {
    if (seen.has(text)) return;
    seen.add(text);
    program(Handlebars.parse(text), []);
  }
  function program(p, params) {
    if (!p) return;
    const inner = p.blockParams ? [...params, p.blockParams] : params;
    p.body.forEach((s) => statement(s, inner));
  }
  function statement(s, params) {
    switch (s.type) {
      case 'MustacheStatement': call(s, 'inline', params, false); break;
      case 'BlockStatement':
        call(s, 'block', params, false);
        program(s.program, params);
        program(s.inverse, params);
        break;
      case 'PartialStatement':
      case 'PartialBlockStatement':
        if (s.params.length > 1) fault = 'partial with more than one context';
        if (s.name.type === 'SubExpression') call(s.name, 'inline', params, true);
        else {
          calls.push([String(s.name.original), !!s.program]);
          if (own(partials, s.name.original) !== undefined) source(partials[s.name.original]);
        }
        args(s, params);
        program(s.program, params);
        break;
      case 'Decorator': fault = 'decorator'; break;
      case 'DecoratorBlock':
        if (s.path.original !== 'inline' || s.params.length !== 1) fault = 'decorator';
        else if (s.params[0].type === 'StringLiteral' || s.params[0].type === 'NumberLiteral') inlines.add(String(s.params[0].original));
        else anyName = true;
        args(s, params);
        program(s.program, params);
        break;
    }
  }
  function args(s, params) {
    const value = (v) => { if (v.type === 'SubExpression') call(v, 'inline', params, true); };
    s.params.forEach(value);
    if (s.hash) s.hash.pairs.forEach((p) => value(p.value));
  }
  function call(s, form, params, sub) {
    const path = s.path.parts ? s.path : { parts: [String(s.path.original)], original: String(s.path.original), depth: 0 };
    const simple = path.parts.length === 1 && !/^\.|this\b/.test(path.original) && !path.depth;
    const isParam = simple && params.some((names) => names.includes(path.parts[0]));
    const withArgs = sub || s.params.length > 0 || !!s.hash;
    if (!isParam && (withArgs || simple)) {
      const name = path.parts[0];
      const known = simple && (own(forms, name) || ((!path.data || !withArgs) && own(helpers, name)));
      if (known) {
        if (known[0] !== 'either' && known[0] !== form) fault = 'form of ' + name;
        if (s.params.length < known[1] || s.params.length > known[2]) fault = 'arguments of ' + name;
      } else if (withArgs) fault = 'unknown helper ' + path.original;
    }
    args(s, params);
  }
  source(template);
  for (const [name, block] of calls) {
    if (name !== '@partial-block' && !block && !anyName && own(partials, name) === undefined && !inlines.has(name)) fault = 'unknown partial ' + name;
  }
  return fault;
}

// answer returns {want} or {error} for a template: Herald's answer, and with
// plain, if it is another, that of the unchanged Handlebars.js.
function answerer(partials) {
  const plain = environment(false, partials);
  const patched = environment(true, partials);
  const run = (hb, template, context) => {
    try {
      return { want: hb.compile(template)(context) };
    } catch (e) {
      return { error: String(e.message).split('\n')[0].slice(0, 100) };
    }
  };
  return function (template, context) {
    const was = run(plain, template, JSON.parse(JSON.stringify(context)));
    let now = run(patched, template, JSON.parse(JSON.stringify(context)));
    try {
      const fault = staticFault(template, partials);
      if (fault) now = { error: fault };
    } catch (e) {
      now = { error: 'parse' };
    }
    const differs = was.want !== now.want;
    return differs ? { ...now, plain: was.want === undefined ? null : was.want } : now;
  };
}

module.exports = { answerer, helpers, forms };
