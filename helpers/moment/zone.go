package moment

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
)

//go:embed data/zones.txt.gz
var zoneData []byte

// Zone is a time zone of moment-timezone's data, with every change of its clocks up to the year 2499.
type Zone struct {
	name   string
	untils []int64 // ends of the periods but the last, ascending, milliseconds since 1970
	locals []int64 // the same for offsetOfLocal
	kinds  []uint8 // of each period, the index into offsets and abbrs
	// offsets are in milliseconds east of UTC.
	offsets []int32
	abbrs   []string
	// skipsDays says that offsets lie so far apart that a day may be missing or repeated.
	skipsDays bool
	ascending bool // locals are in order
}

// Name is the zone's name as the data writes it: "Europe/Vienna".
func (z *Zone) Name() string { return z.name }

// Offset is what the zone's clocks are ahead of UTC at an instant, both in milliseconds.
func (z *Zone) Offset(at int64) int64 { return z.offset(at) }

// Abbr is the zone's abbreviation at an instant in milliseconds since 1970: "CET", or "+03" where there is none.
func (z *Zone) Abbr(at int64) string { return z.abbr(at) }

// Changes lists the instants at which the zone's clocks or abbreviation change, in milliseconds since 1970.
func (z *Zone) Changes() []int64 { return slices.Clone(z.untils) }

// ZoneNames lists the names of all zones, links included, in the data's order.
func ZoneNames() []string { return slices.Clone(zoneIndex().names) }

// FindZone looks a zone up by name, in any case, "_" and "/" counting as one, as moment-timezone does.
func FindZone(name string) (*Zone, bool) {
	index := zoneIndex().entries
	e, ok := index[name]
	if !ok {
		if len(name) > maxZoneName {
			return nil, false
		}
		if e, ok = index[normalZone(name)]; !ok {
			return nil, false
		}
	}
	return e.load(), true
}

const maxZoneName = 256 // bytes; bounds the look-up, no zone comes near

// normalZone gives the form that names are compared in. Only ASCII letters change: no zone has others.
func normalZone(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '/':
			return '_'
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

type zones struct {
	entries map[string]*zoneEntry // by name as written and by normal name
	names   []string
}

type zoneEntry struct {
	name   string
	packed string
	target *zoneEntry // of a link; its data is shared
	once   sync.Once
	z      *Zone
}

// zoneIndex unpacks the list of zones when the first zone is asked for; a zone itself when it is first used.
var zoneIndex = sync.OnceValue(func() *zones {
	text, err := inflate(zoneData)
	if err != nil {
		panic(fmt.Sprintf("moment: embedded zone data: %v", err)) // a build with broken data; the tests load all
	}
	index := &zones{entries: map[string]*zoneEntry{}}
	add := func(e *zoneEntry) {
		index.entries[e.name] = e
		index.entries[normalZone(e.name)] = e
		index.names = append(index.names, e.name)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		name, packed, _ := strings.Cut(line, "|")
		if to, ok := strings.CutPrefix(name, "="); ok {
			add(&zoneEntry{name: packed, target: index.entries[to]})
		} else {
			add(&zoneEntry{name: name, packed: packed})
		}
	}
	return index
})

func inflate(data []byte) (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}

func (e *zoneEntry) load() *Zone {
	e.once.Do(func() {
		if e.target != nil {
			z := *e.target.load()
			z.name = e.name
			e.z = &z
			return
		}
		z, err := unpackZone(e.name, e.packed)
		if err != nil {
			panic(fmt.Sprintf("moment: embedded zone data: %v", err))
		}
		e.z = z
	})
	return e.z
}

// unpackZone reads moment-timezone's packed form: abbreviations, offsets in minutes west, the index of both for each
// period, and the periods' lengths in minutes; numbers in base 60.
func unpackZone(name, packed string) (*Zone, error) {
	parts := strings.Split(packed, "|")
	if len(parts) != 4 {
		return nil, fmt.Errorf("zone %s has %d parts", name, len(parts))
	}
	z := &Zone{name: name, abbrs: strings.Split(parts[0], " "), ascending: true}
	least, most := int32(math.MaxInt32), int32(math.MinInt32)
	for west := range strings.SplitSeq(parts[1], " ") {
		offset := int32(-math.Round(base60(west) * 60_000))
		z.offsets = append(z.offsets, offset)
		least, most = min(least, offset), max(most, offset)
	}
	periods, lengths := parts[2], strings.Split(parts[3], " ")
	if len(lengths) < len(periods)-1 {
		return nil, fmt.Errorf("zone %s has %d periods, but %d lengths", name, len(periods), len(lengths))
	}
	end := 0.0
	for i := range len(periods) {
		kind := digit60(periods[i])
		if kind < 0 || kind >= len(z.offsets) || kind >= len(z.abbrs) {
			return nil, fmt.Errorf("zone %s: period %d", name, i)
		}
		z.kinds = append(z.kinds, uint8(kind))
		if i < len(periods)-1 {
			end = math.Floor(end + base60(lengths[i])*60_000 + 0.5)
			z.untils = append(z.untils, int64(end))
		}
	}
	z.skipsDays = most-least > 11*3_600_000
	for i, until := range z.untils {
		// A wall clock time that a change skipped or repeated is read with the earlier period's offset.
		local := until + int64(max(z.offsets[z.kinds[i]], z.offsets[z.kinds[i+1]]))
		if i > 0 && local < z.locals[i-1] {
			z.ascending = false
		}
		z.locals = append(z.locals, local)
	}
	return z, nil
}

func base60(s string) float64 {
	s, negative := strings.CutPrefix(s, "-")
	whole, rest, _ := strings.Cut(s, ".")
	out, unit := 0.0, 1.0
	for i := range len(whole) {
		out = 60*out + float64(digit60(whole[i]))
	}
	for i := range len(rest) {
		unit /= 60
		out += float64(digit60(rest[i])) * unit
	}
	if negative {
		return -out
	}
	return out
}

func digit60(c byte) int {
	switch {
	case c > 96:
		return int(c) - 87
	case c > 64:
		return int(c) - 29
	}
	return int(c) - 48
}

// period is the index of the period that holds an instant.
func (z *Zone) period(at int64) int {
	low, high := 0, len(z.untils)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if z.untils[mid] > at {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

func (z *Zone) offset(at int64) int64 { return int64(z.offsets[z.kinds[z.period(at)]]) }

func (z *Zone) abbr(at int64) string { return z.abbrs[z.kinds[z.period(at)]] }

// offsetOfLocal is the offset with which moment-timezone reads a wall clock time.
func (z *Zone) offsetOfLocal(local int64) int64 {
	i := 0
	if z.ascending {
		i, _ = slices.BinarySearchFunc(z.locals, local, func(until, local int64) int {
			if until > local {
				return 1
			}
			return -1
		})
	} else {
		for i < len(z.locals) && local >= z.locals[i] {
			i++
		}
	}
	return int64(z.offsets[z.kinds[i]])
}
