'use strict';
// Every locale that this Node's Intl has data for. Intl has no list of them, so all tags are asked for: languages of
// two and three letters, then each with every script and region.

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const regions = letters.flatMap((a) => letters.map((b) => (a + b).toUpperCase())).concat('001', '150', '419');
const scripts = Object.keys(require('cldr-core/scriptMetadata.json').scriptMetadata);

// has says whether there is data for exactly this tag.
function has(tag) {
  try {
    return new Intl.NumberFormat(tag).resolvedOptions().locale === tag;
  } catch {
    return false; // no tag
  }
}

// languages are the codes of two and three letters.
exports.languages = () =>
  letters.flatMap((a) => letters.flatMap((b) => [a + b, ...letters.map((c) => a + b + c)]));

exports.locales = () => {
  const out = [];
  for (const language of exports.languages().filter(has)) {
    for (const script of ['', ...scripts.map((s) => '-' + s)]) {
      if (!has(language + script)) continue;
      out.push(language + script, ...regions.map((r) => `${language}${script}-${r}`).filter(has));
    }
  }
  return out.sort();
};
