package intl

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed data/intl.json
var data []byte

// Locale is how one language, or a region's variant of it, writes numbers. It is immutable.
type Locale struct {
	name              string
	style             *style
	special           map[string]*style // by currency
	symbols           *symbols
	cardinal, ordinal rules
}

// Name is the locale's name in the data: "pt-PT". A region that writes as its language does has the language's: "de".
func (l *Locale) Name() string { return l.name }

// English is the locale that stands in where there is no data.
func English() *Locale { return tables().locales["en"] }

// Find looks a locale up as Intl does: old codes count as their successors ("iw" as "he"), and subtags are cut from the
// end until there is data. Case does not matter, and "_" counts as "-". Without data it returns English and false; an
// empty name is English.
func Find(name string) (*Locale, bool) {
	if name == "" {
		return English(), true
	}
	if len(name) > maxName {
		return English(), false
	}
	var buf [maxName]byte
	key := buf[:len(name)]
	for i := range len(name) {
		key[i] = name[i]
		switch c := name[i]; {
		case c == '_':
			key[i] = '-'
		case c >= 'A' && c <= 'Z':
			key[i] = c + 'a' - 'A'
		}
	}
	t := tables()
	if l := t.locales[string(key)]; l != nil {
		return l, true
	}
	for key = t.modern(key); ; {
		if l := t.locales[string(key)]; l != nil {
			return l, true
		}
		cut := bytes.LastIndexByte(key, '-')
		if cut < 0 {
			return English(), false
		}
		key = key[:cut]
	}
}

const maxName = 100 // bytes; no locale comes near

// modern replaces old codes of a tag's language and region.
func (t *table) modern(tag []byte) []byte {
	codes := t.languages
	for start := 0; start < len(tag); codes = t.regions {
		end := len(tag)
		if n := bytes.IndexByte(tag[start:], '-'); n >= 0 {
			end = start + n
		}
		if end == start+1 {
			break // an extension
		}
		if now, ok := codes[string(tag[start:end])]; ok {
			tag = slices.Concat(tag[:start], []byte(now), tag[end:])
			end = start + len(now)
		}
		start = end + 1
	}
	return tag
}

// table is the data, decoded.
type table struct {
	locales   map[string]*Locale // by name in lower case
	languages map[string]string  // old codes to what stands for them, in lower case
	regions   map[string]string
	places    map[string]int // decimals of each currency
	versions  Versions
}

// Versions says what the data was read from.
type Versions struct{ Node, ICU, CLDR string }

// DataVersions are those of the embedded data.
func DataVersions() Versions { return tables().versions }

// symbols has the signs of the currencies that are not written by their codes.
type symbols struct {
	text []byte
	once sync.Once
	by   map[string]string
}

func (s *symbols) of(code string) string {
	s.once.Do(func() {
		if err := json.Unmarshal(s.text, &s.by); err != nil {
			panic(fmt.Sprintf("intl: embedded data: %v", err)) // a build with broken data; the tests read all
		}
	})
	if sign, ok := s.by[code]; ok {
		return sign
	}
	return code
}

// tables decodes the data when it is first asked for.
var tables = sync.OnceValue(func() *table {
	t, err := decode(data)
	if err != nil {
		panic(fmt.Sprintf("intl: embedded data: %v", err)) // a build with broken data; the tests read all
	}
	return t
})

// decode reads data/intl.json; generate/generate.js writes it.
func decode(text []byte) (*table, error) {
	var j struct {
		Versions          Versions
		Decimals          map[int]string // of each number of decimals, the currencies
		Styles            []styleJSON
		Symbols           []json.RawMessage
		Cardinal, Ordinal []map[Category]string
		Locales           []localeJSON
		Aliases           struct{ Languages, Regions map[string]string }
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, err
	}
	t := &table{
		locales: make(map[string]*Locale, len(j.Locales)), languages: j.Aliases.Languages, regions: j.Aliases.Regions,
		places: map[string]int{}, versions: j.Versions,
	}
	for n, codes := range j.Decimals {
		for code := range strings.FieldsSeq(codes) {
			t.places[code] = n
		}
	}
	styles := make([]*style, len(j.Styles))
	for i, s := range j.Styles {
		styles[i] = s.style()
	}
	signs := make([]*symbols, len(j.Symbols))
	for i, text := range j.Symbols {
		signs[i] = &symbols{text: text}
	}
	cardinal, err := parseAllRules(j.Cardinal)
	if err != nil {
		return nil, err
	}
	ordinal, err := parseAllRules(j.Ordinal)
	if err != nil {
		return nil, err
	}
	for _, from := range j.Locales {
		l := &Locale{
			name: from.name, style: styles[from.style], symbols: signs[from.symbols], cardinal: cardinal[from.cardinal], ordinal: ordinal[from.ordinal],
		}
		for i, codes := range from.special {
			if l.special == nil {
				l.special = map[string]*style{}
			}
			for code := range strings.FieldsSeq(codes) {
				l.special[code] = styles[i]
			}
		}
		t.locales[strings.ToLower(l.name)] = l
	}
	return t, nil
}

// localeJSON is one locale in the data: its name, the indexes of its parts, and the currencies that are written in
// another style, by the style's index.
type localeJSON struct {
	name                              string
	style, symbols, cardinal, ordinal int
	special                           map[int]string
}

func (l *localeJSON) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&l.name, &l.style, &l.symbols, &l.cardinal, &l.ordinal, &l.special})
}
