'use strict';
// Prints where locales put the sign of a currency and of a negative amount, as Unicode's CLDR has it in Node:
// node currency.js > currency.json. C is the currency, n the number, s a space.
const locales = `af am ar ar-AE ar-EG ar-MA ar-SA as az be bg bn bn-IN bs ca cs cy da de de-AT de-CH de-LI el en en-150 en-AT
  en-AU en-BE en-CA en-CH en-DE en-DK en-FI en-GB en-IE en-IN en-NL en-NZ en-SE en-SG en-SI en-ZA es es-419 es-AR es-BO
  es-CL es-CO es-CR es-DO es-EC es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-PY es-SV es-US es-UY es-VE et eu fa fi
  fil fo fr fr-BE fr-CA fr-CH fr-LU ga gd gl gu he hi hr hu hy id is it it-CH ja ka kk km kn ko ky lb lo lt lv mk ml mn mr
  ms ms-BN mt my nb ne nl nl-BE nn pa pl pt pt-AO pt-BR pt-CH pt-MZ pt-PT ro ru ru-UA se si sk sl sq sr sr-Latn sv sw ta
  ta-SG te tg th tk tr uk ur uz vi zh zh-HK zh-TW zu`.split(/\s+/);
const shape = (locale, amount) => new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR', currencyDisplay: 'narrowSymbol' })
  .formatToParts(amount)
  .map((p) => ({ currency: 'C', minusSign: '-', literal: /[\s\u00a0\u202f]/.test(p.value) ? 's' : '' }[p.type] ?? 'n'))
  .join('').replace(/n+/, 'n');
process.stdout.write(JSON.stringify(Object.fromEntries(
  locales.map((l) => [l, `${shape(l, 1234.5)} ${shape(l, -1234.5)}`])), null, 1) + '\n');
