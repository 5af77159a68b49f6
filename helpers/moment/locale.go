package moment

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/locales.jsonl
var localeData []byte

// Locale holds what Moment knows of one locale. Texts are stored as they are printed, with the locale's own digits.
type Locale struct {
	name          string
	months        nameSet
	monthsShort   nameSet
	weekdays      nameSet
	weekdaysShort nameSet
	weekdaysMin   nameSet
	formats       map[string]string // expansions of LT LTS L LL LLL LLLL l ll lll llll
	ordinals      map[string]*ordinal
	meridiem      []meridiem
	rewrite       *rewriter // nil where the finished text stays as it is
	dow, doy      int       // first day of the week; the January day that decides the first week, as Moment counts
	invalid       string
	eras          []era
}

// nameSet has the forms of twelve or seven names. The first rule that matches the whole expanded format selects the
// form after its own index, no match the first form.
type nameSet struct {
	forms [][]string
	rules []*regexp.Regexp
}

func (s *nameSet) selectForm(format string) []string {
	for i, rule := range s.rules {
		if rule.MatchString(format) {
			return s.forms[i+1]
		}
	}
	return s.forms[0]
}

type meridiem struct {
	from         int // minute of the day
	upper, lower string
}

// Name is Moment's name of the locale: "en", "de-at".
func (l *Locale) Name() string { return l.name }

// Invalid is what Moment prints for a date that it could not read: "Invalid date" in the locale's language.
func (l *Locale) Invalid() string { return l.invalid }

// English is the locale that stands in where Moment has none.
func English() *Locale { return localeIndex()["en"].load() }

// LocaleNames lists every locale, sorted as in the generated data: "en", then the rest by name.
func LocaleNames() []string {
	var out []string
	for line := range bytes.Lines(localeData) {
		out = append(out, lineName(line))
	}
	return out
}

// FindLocale looks a locale up as Moment does: case does not matter, the first "_" counts as "-", and subtags are cut
// from the end until a locale is known. Where none is, it returns English and false. An empty name is English.
func FindLocale(name string) (*Locale, bool) {
	index := localeIndex()
	if e, ok := index[name]; ok {
		return e.load(), true
	}
	if name == "" {
		return English(), true
	}
	if len(name) > maxLocaleName {
		return English(), false
	}
	name = strings.Replace(strings.ToLower(name), "_", "-", 1)
	for {
		if e, ok := index[name]; ok {
			return e.load(), true
		}
		cut := strings.LastIndexByte(name, '-')
		if cut < 0 {
			return English(), false
		}
		name = name[:cut]
	}
}

const maxLocaleName = 256 // bytes; bounds the look-up, no locale comes near

type localeEntry struct {
	line []byte
	once sync.Once
	l    *Locale
}

// localeIndex maps names to their lines of the data; a locale is decoded when it is first asked for.
var localeIndex = sync.OnceValue(func() map[string]*localeEntry {
	index := make(map[string]*localeEntry, 140)
	for line := range bytes.Lines(localeData) {
		index[lineName(line)] = &localeEntry{line: line}
	}
	return index
})

func lineName(line []byte) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(string(line[:64]), `{"name":"`), `"`)
	return name
}

func (e *localeEntry) load() *Locale {
	e.once.Do(func() {
		l, err := decodeLocale(e.line)
		if err != nil {
			panic(fmt.Sprintf("moment: embedded locale data: %v", err)) // a build with broken data; the tests load all
		}
		e.l = l
	})
	return e.l
}

// localeJSON is one line of data/locales.jsonl; see generate/main.go.
type localeJSON struct {
	Name          string
	Months        namesJSON
	MonthsShort   namesJSON
	Weekdays      namesJSON
	WeekdaysShort namesJSON
	WeekdaysMin   namesJSON
	Formats       map[string]string
	Ordinals      struct {
		Forms  []string
		Tables []struct {
			Tokens []string
			Table  string
		}
	}
	Meridiem [][3]any
	Rewrite  map[string]string
	Dow, Doy int
	Invalid  string
	Eras     []struct {
		Since, Until       float64
		Offset             int
		Name, Narrow, Abbr string
	}
}

type namesJSON struct {
	Forms []string
	Rules []string
}

func decodeLocale(line []byte) (*Locale, error) {
	var j localeJSON
	if err := json.Unmarshal(line, &j); err != nil {
		return nil, err
	}
	l := &Locale{name: j.Name, formats: j.Formats, dow: j.Dow, doy: j.Doy, rewrite: newRewriter(j.Rewrite)}
	l.invalid = l.rewrite.text(j.Invalid)
	for _, s := range []struct {
		to    *nameSet
		from  namesJSON
		count int
	}{
		{&l.months, j.Months, 12}, {&l.monthsShort, j.MonthsShort, 12},
		{&l.weekdays, j.Weekdays, 7}, {&l.weekdaysShort, j.WeekdaysShort, 7}, {&l.weekdaysMin, j.WeekdaysMin, 7},
	} {
		for _, form := range s.from.Forms {
			names := resolveNames(form, s.count)
			if len(names) != s.count {
				return nil, fmt.Errorf("locale %s: %d names in %q", j.Name, len(names), form)
			}
			s.to.forms = append(s.to.forms, l.rewrite.texts(names))
		}
		for _, rule := range s.from.Rules {
			re, err := regexp.Compile(strings.ReplaceAll(rule, `\s`, jsSpace))
			if err != nil {
				return nil, fmt.Errorf("locale %s: %w", j.Name, err)
			}
			s.to.rules = append(s.to.rules, re)
		}
	}
	for _, m := range j.Meridiem {
		l.meridiem = append(l.meridiem, meridiem{
			from: int(m[0].(float64)), upper: l.rewrite.text(m[1].(string)), lower: l.rewrite.text(m[2].(string)),
		})
	}
	forms := make([]ordinalForm, len(j.Ordinals.Forms))
	for i, text := range j.Ordinals.Forms {
		before, after, found := strings.Cut(text, "%d")
		forms[i] = ordinalForm{l.rewrite.text(before), l.rewrite.text(after), found}
	}
	l.ordinals = map[string]*ordinal{"": {forms: forms}}
	for _, t := range j.Ordinals.Tables {
		o := &ordinal{forms: forms}
		for _, c := range strings.ReplaceAll(t.Table, " ", "") {
			n, err := strconv.ParseUint(string(c), 36, 8)
			if err != nil || int(n) >= len(forms) {
				return nil, fmt.Errorf("locale %s: ordinal table entry %q", j.Name, c)
			}
			o.table = append(o.table, uint8(n))
		}
		if len(o.table) != 300 {
			return nil, fmt.Errorf("locale %s: ordinal table of %d", j.Name, len(o.table))
		}
		for _, token := range t.Tokens {
			l.ordinals[token] = o
		}
	}
	for _, e := range j.Eras {
		l.eras = append(l.eras, era{
			since: int64(e.Since), until: int64(e.Until), offset: e.Offset,
			name: e.Name, narrow: e.Narrow, abbr: e.Abbr,
		})
	}
	return l, nil
}

// jsSpace is what \s means in JavaScript.
const jsSpace = `[\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`
