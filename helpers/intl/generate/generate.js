'use strict';
// Writes ../data/intl.json: how every locale of this Node's Intl writes numbers and money, read off what
// Intl.NumberFormat prints, and the plural rules of Unicode's CLDR (cldr-core, of the version that Node has).
// A locale that is written as its parent ("de-DE" as "de") has no entry: a look-up cuts subtags anyway.

const fs = require('fs');
const path = require('path');
const { languages, locales } = require('./locales.js');
const cldr = (name) => require(`cldr-core/supplemental/${name}.json`).supplemental;

const { version } = require('cldr-core/package.json');
if (!version.startsWith(process.versions.cldr + '.')) {
  throw new Error(`Node has CLDR ${process.versions.cldr}, cldr-core is ${version}: take the cldr-core that fits`);
}

// Every code that ISO 4217 has or had, as CLDR lists them.
const currencies = [...new Set(Intl.supportedValuesOf('currency').concat(
  Object.values(cldr('currencyData').currencyData.region).flatMap((r) => r.flatMap((o) => Object.keys(o)))))].sort();

const isNumber = (p) => ['integer', 'group', 'decimal', 'fraction'].includes(p.type);
const found = (parts, type) => [...new Set(parts.filter((p) => p.type === type).map((p) => p.value))].join();
const sizesOf = (parts) => parts.filter((p) => p.type === 'integer').map((p) => [...p.value].length).slice(-2).reverse();

// pattern writes the number as "0" and the currency's sign as "¤".
const pattern = (parts) =>
  parts.map((p) => (isNumber(p) ? '0' : p.type === 'currency' ? '¤' : p.value)).join('').replace(/0+/, '0');

// numberStyle says how a locale writes numbers: its digits, a negative number, the decimal point, the sign between
// groups, the sizes of the last group and of those before, and how many digits must stand before the first sign.
function numberStyle(locale) {
  const format = new Intl.NumberFormat(locale);
  const parts = format.formatToParts(-1234567.5);
  let least = 1;
  while (!found(format.formatToParts(10 ** (2 + least)), 'group')) least++;
  return {
    digits: [...Array(10).keys()].map((d) => format.format(d)).join(''),
    number: pattern(parts), point: found(parts, 'decimal'), group: found(parts, 'group'), sizes: sizesOf(parts), least,
  };
}

// moneyStyle says how a locale writes amounts of one currency; the point and the groups only where they differ.
function moneyStyle(locale, currency, number) {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency, minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const parts = format.formatToParts(1234567.5);
  const symbol = found(parts, 'currency');
  const sign = parts.findIndex((p) => p.type === 'currency');
  const edge = sign < parts.findIndex(isNumber) ? [...symbol].at(-1) : [...symbol][0];
  const style = { money: [pattern(parts), pattern(format.formatToParts(-1234567.5))] };
  if (found(parts, 'decimal') !== number.point) style.moneyPoint = found(parts, 'decimal');
  if (found(parts, 'group') !== number.group) style.moneyGroup = found(parts, 'group');
  if (String(sizesOf(parts)) !== String(number.sizes)) style.moneySizes = sizesOf(parts);
  // CLDR puts a space between a digit and the edge of a sign that is neither a symbol nor a space.
  return { currency, symbol, style, spaced: !/[\p{S}\p{Z}]/u.test(edge) };
}

// mostUsed groups by style and puts the one with the most currencies first.
function mostUsed(monies) {
  const by = new Map();
  for (const m of monies) {
    const key = JSON.stringify(m.style);
    by.set(key, (by.get(key) || []).concat(m));
  }
  return [...by.values()].sort((a, b) => b.length - a.length);
}

const data = {
  versions: { node: process.versions.node, icu: process.versions.icu, cldr: version },
  decimals: {}, aliases: { languages: {}, regions: {} }, styles: [], symbols: [], cardinal: [], ordinal: [], locales: [],
};
for (const currency of currencies) {
  const { maximumFractionDigits: n } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  data.decimals[n] = (data.decimals[n] || []).concat(currency);
}
for (const n of Object.keys(data.decimals)) data.decimals[n] = data.decimals[n].join(' ');

const places = new Map();
function place(list, value) {
  const key = list + JSON.stringify(value);
  if (!places.has(key)) places.set(key, data[list].push(value) - 1);
  return places.get(key);
}

// rulesOf takes the plural rules of a locale or of its nearest parent; "other" needs none.
function rulesOf(list, locale) {
  const all = cldr(list === 'cardinal' ? 'plurals' : 'ordinals')[`plurals-type-${list}`];
  let name = locale;
  while (name && !all[name]) name = name.slice(0, Math.max(0, name.lastIndexOf('-')));
  const rules = {};
  for (const [key, rule] of Object.entries(all[name] || {})) {
    const text = rule.replace(/@.*/, '').trim();
    if (text) rules[key.replace('pluralRule-count-', '')] = text;
  }
  return place(list, rules);
}

function entryOf(locale) {
  const number = numberStyle(locale);
  const monies = currencies.map((c) => moneyStyle(locale, c, number));
  const tight = mostUsed(monies.filter((m) => !m.spaced));
  const spaced = mostUsed(monies.filter((m) => m.spaced));
  const usual = { ...(tight[0] || spaced[0])[0].style };
  const wide = spaced[0][0].style;
  if (String(wide.money) !== String(usual.money)) usual.spaced = wide.money;
  const special = {}; // currencies that are written in another style
  for (const list of [...tight.slice(1), ...spaced.slice(1)]) {
    special[place('styles', { ...number, ...list[0].style })] = list.map((m) => m.currency).join(' ');
  }
  const symbols = Object.fromEntries(monies.filter((m) => m.symbol !== m.currency).map((m) => [m.currency, m.symbol]));
  const entry = [
    place('styles', { ...number, ...usual }), place('symbols', symbols), rulesOf('cardinal', locale), rulesOf('ordinal', locale),
  ];
  return Object.keys(special).length ? [...entry, special] : entry;
}

const entries = new Map();
for (const locale of locales()) {
  const entry = entryOf(locale);
  let parent = locale;
  do parent = parent.slice(0, Math.max(0, parent.lastIndexOf('-'))); while (parent && !entries.has(parent));
  entries.set(locale, entry);
  if (JSON.stringify(entry) !== JSON.stringify(entries.get(parent))) data.locales.push([locale, ...entry]);
}

// Old codes and what stands for them, in lower case.
const canonical = (tag) => Intl.getCanonicalLocales(tag)[0].toLowerCase();
for (const language of languages()) {
  const now = canonical(language);
  const known = Intl.NumberFormat.supportedLocalesOf([now]).length > 0;
  if (now !== language && known) data.aliases.languages[language] = now;
}
for (const region of Object.keys(cldr('aliases').metadata.alias.territoryAlias)) {
  if (!/^[A-Z]{2}$/.test(region)) continue;
  const now = canonical('und-' + region).replace('und-', '');
  if (now !== region.toLowerCase()) data.aliases.regions[region.toLowerCase()] = now;
}

// One element a line, so that a change of the data can be read.
const lines = Object.entries(data).map(([key, value]) => `"${key}": ` + (Array.isArray(value)
  ? '[\n' + value.map((v) => JSON.stringify(v)).join(',\n') + '\n]' : JSON.stringify(value)));
fs.writeFileSync(path.join(__dirname, '../data/intl.json'), `{\n${lines.join(',\n')}\n}\n`);
console.log(`CLDR ${version}, ICU ${process.versions.icu}: ${entries.size} locales, ${data.locales.length} entries, ` +
  `${data.styles.length} styles, ${data.symbols.length} sets of ${currencies.length} currencies' signs`);
