'use strict';
// Answers, line by line, what Intl of this Node prints. A request is a JSON object with "kind":
//   locales: {}                           → every locale that Intl has data for
//   versions: {}                          → of Node, ICU, CLDR and Unicode
//   numbers: {locale, values}             → texts
//   amounts: {locale, values, currencies} → texts, value by value of each currency
//   plurals: {locale, values}             → a letter a value as cardinal numbers, a blank, and as ordinal ones
//   lookup:  {names}                      → the locale that Intl takes for each
// Values are texts, which Intl reads as decimals of any length; Intl.PluralRules takes numbers alone.
const path = require('path');
const readline = require('readline');
const { locales } = require(path.join(__dirname, '../generate/locales.js'));

const signDisplay = 'negative'; // no minus before a number that rounds to 0
const letter = { zero: 'z', one: '1', two: '2', few: 'f', many: 'm', other: 'o' };

const answer = {
  locales,
  versions() {
    const { node, icu, cldr, unicode } = process.versions;
    return { node, icu, cldr, unicode };
  },
  numbers({ locale, values }) {
    const format = new Intl.NumberFormat(locale, { signDisplay });
    return values.map((v) => format.format(v));
  },
  amounts({ locale, values, currencies }) {
    return currencies.flatMap((currency) => {
      const format = new Intl.NumberFormat(locale, { style: 'currency', currency, signDisplay });
      return values.map((v) => format.format(v));
    });
  },
  plurals({ locale, values }) {
    // Without rules for a language Intl takes those of the machine's own. CLDR means: one form, "other".
    if (!Intl.PluralRules.supportedLocalesOf([locale]).length) return `${'o'.repeat(values.length)} ${'o'.repeat(values.length)}`;
    return ['cardinal', 'ordinal'].map((type) => {
      const rules = new Intl.PluralRules(locale, { type });
      return values.map((v) => letter[rules.select(Number(v))]).join('');
    }).join(' ');
  },
  lookup({ names }) {
    return names.map((n) => new Intl.NumberFormat(n).resolvedOptions().locale);
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  process.stdout.write(JSON.stringify(answer[request.kind](request)) + '\n');
});
