'use strict';
// Writes ../testdata/relative.json.gz: what Moment.js says of times from now, days near today, and durations, in every locale.
//   TZ=UTC node helpers/moment/difftest/relative.js
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const { createRequire } = require('module');
const load = createRequire(path.join(__dirname, '../generate/package.json'));
const moment = load('moment');
load('moment-timezone');
if (moment.version !== '2.30.1' || process.env.TZ !== 'UTC') throw new Error('needs moment 2.30.1 and TZ=UTC');

let seed = 20190118;
const random = (n) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed % n;
};
const zones = ['UTC', 'America/Los_Angeles', 'Europe/Berlin', 'Asia/Kolkata', 'Pacific/Apia', 'Australia/Lord_Howe'];
const sizes = [1, 60, 3600, 86400, 604800, 2629746, 31556952].map((s) => s * 1000);
const instants = [];
for (let i = 0; i < 110; i++) {
  const now = Date.UTC(1990 + random(40), random(12), 1 + random(28), random(24), random(60), random(60));
  const distance = Math.floor(sizes[i % sizes.length] * (random(6000) / 100)) * (random(2) ? 1 : -1);
  instants.push([now, now + distance, zones[random(zones.length)]]);
}
for (const s of [0, 44, 45, 89, 90, 44 * 60 + 29, 44 * 60 + 30, 89 * 60, 90 * 60, 21 * 3600, 22 * 3600, 35 * 3600, 36 * 3600, 25 * 86400, 26 * 86400, 45 * 86400, 46 * 86400, 319 * 86400, 320 * 86400, 547 * 86400, 548 * 86400]) {
  for (const sign of [1, -1]) instants.push([1547769600000, 1547769600000 + sign * s * 1000, 'UTC']);
}
for (let day = -8; day <= 8; day++) instants.push([1547812800000, 1547812800000 + day * 86400000 + 3600000, 'Europe/Berlin']);
const durations = [[0, 0, 0], [1, 0, 0], [-1, 0, 0], [11, 0, 0], [18, 3, 0], [120, 0, 0], [0, 45, 0], [0, 1, 43200000], [0, 0, 5400000], [0, 0, -90000], [0, 0, 7200000], [5, 12, 3600000]];

const names = ['en'].concat(
  fs.readdirSync(path.join(path.dirname(load.resolve('moment')), 'locale')).filter((f) => f.endsWith('.js')).map((f) => f.slice(0, -3)).sort());
const locales = {};
for (const name of names) {
  moment.locale(name);
  locales[name] = {
    instants: instants.map(([now, at, zone]) => {
      const a = moment.tz(at, zone).locale(name);
      const n = moment.tz(now, zone).locale(name);
      return [a.from(n, true), a.from(n), a.calendar(n)];
    }),
    durations: durations.map(([months, days, milliseconds]) => {
      const d = moment.duration({ months, days, milliseconds }).locale(name);
      return [d.humanize(), d.humanize(true)];
    }),
  };
}
fs.writeFileSync(path.join(__dirname, '../testdata/relative.json.gz'), zlib.gzipSync(JSON.stringify({ instants, durations, locales }), { level: 9 }));
