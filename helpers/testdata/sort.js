'use strict';
// Prints words in the order of Intl.Collator of Node 20.20.2 (CLDR 48): node sort.js > sort.json.
const latin = `Zoe zoe Zoë zoé anna Anna Änne Ärger Arger Ångström ångström öl Öl ol Oslo østre Østre über uber Uhr ñandú nandú nz oz ch
  cz c d lluvia luz ss ß strasse Straße straße çilek cilek ğ gül ılık ilik Ilık İlik şu su žena zena čaj caj đak dak łódź lodz
  Ægir Aegir þór tor a1 a10 a9 a-b ab a_b`.split(/\s+/).concat('a b', 'de la Cruz', "O'Neil", 'ONeil');
const words = {
  ru: 'Москва москва Ёлка елка ель яблоко Анна анна щука шум'.split(' '),
  uk: 'Київ київ ґанок гора їжак ікра щука яблуко єнот екран'.split(' '),
  el: 'Δέλτα αλφα άλφα Ωμέγα βήτα ψωμί σίγμα ήτα'.split(' '),
};
const locales = 'en de fr es it pt nl sv da nb nn fi pl cs sk hr hu ro tr et lt lv is ru uk el'.split(' ');
process.stdout.write(JSON.stringify(Object.fromEntries(
  locales.map((l) => [l, [...(words[l] || latin)].sort(new Intl.Collator(l).compare)])), null, 1) + '\n');
