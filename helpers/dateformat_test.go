package helpers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/handlebars"
)

// TestDateFormatOptions renders every combination of options: each given as a literal, given as data, taken from the
// execution, or not at all; for text with an offset, text without, and milliseconds.
func TestDateFormatOptions(t *testing.T) {
	type choice struct{ literal, data, execution string }
	locales := []choice{{}, {literal: "en-gb"}, {data: "de_AT"}, {execution: "ru"}, {literal: "fr", execution: "ru"}}
	zones := []choice{
		{}, {literal: "America/Los_Angeles"}, {data: "asia/tokyo"}, {execution: "Europe/Berlin"},
		{literal: "Pacific/Apia", execution: "Europe/Berlin"},
	}
	formats := []choice{{}, {literal: "ll"}, {data: "LLLL z"}, {data: "dddd, Do MMMM YYYY, HH:mm:ss Z"}, {literal: "x"}}
	pick := func(c choice, otherwise string) string {
		for _, s := range []string{c.literal, c.data, c.execution} {
			if s != "" {
				return s
			}
		}
		return otherwise
	}
	cases := 0
	for _, value := range []string{`"2019-01-18T00:00Z"`, `"2019-07-18T23:30:00"`, `1547769600000`} {
		for _, l := range locales {
			for _, z := range zones {
				for _, f := range formats {
					template, data := "{{dateFormat at", map[string]any{"at": json.RawMessage(value)}
					for name, c := range map[string]choice{"locale": l, "timezone": z, "format": f} {
						switch {
						case c.literal != "":
							template += fmt.Sprintf(" %s=%q", name, c.literal)
						case c.data != "":
							template += fmt.Sprintf(" %s=my.%s", name, name)
						}
					}
					data["my"] = map[string]string{"locale": l.data, "timezone": z.data, "format": f.data}
					context, err := json.Marshal(data)
					if err != nil {
						t.Fatal(err)
					}
					zone, _ := moment.FindZone(pick(z, "UTC"))
					locale, _ := moment.FindLocale(pick(l, "en-us"))
					format, err := locale.Compile(pick(f, "LL"))
					if err != nil {
						t.Fatal(err)
					}
					at, ok := moment.Parse(strings.Trim(value, `"`), zone)
					if !strings.HasPrefix(value, `"`) {
						at, ok = 1547769600000, true
					}
					if !ok {
						t.Fatal(value)
					}
					want := string(format.Append(nil, at, zone))
					r := rendering{template + "}}", string(context), l.execution, z.execution, handlebars.EscapeText}
					got, issues, err := r.run(t)
					if err != nil || got != want || len(issues) > 0 {
						t.Errorf("%+v: got %q, issues %v, %v, want %q", r, got, issues, err, want)
					}
					cases++
				}
			}
		}
	}
	if cases != 3*5*5*5 {
		t.Errorf("%d cases", cases)
	}
}

func TestDateFormatInput(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		template, context, want, issues string
	}{
		"missing":            {`[{{dateFormat at}}]`, `{}`, "[]", "missing_field"},
		"null":               {`[{{dateFormat at}}]`, `{"at":null}`, "[]", "missing_field"},
		"empty":              {`[{{dateFormat at}}]`, `{"at":""}`, "[]", "missing_field"},
		"blank":              {`{{dateFormat at}}`, `{"at":" "}`, "Invalid date", "invalid_date"},
		"words":              {`{{dateFormat at}}`, `{"at":"next Tuesday"}`, "Invalid date", "invalid_date"},
		"words, Spanish":     {`{{dateFormat at locale="es"}}`, `{"at":"x"}`, "Fecha inválida", "invalid_date"},
		"words, Brazilian":   {`{{dateFormat at locale="pt-BR"}}`, `{"at":"x"}`, "Data inválida", "invalid_date"},
		"no day":             {`{{dateFormat at}}`, `{"at":"2019-02-29"}`, "Invalid date", "invalid_date"},
		"seconds as text":    {`{{dateFormat at}}`, `{"at":"1547769600"}`, "Invalid date", "invalid_date"},
		"milliseconds text":  {`{{dateFormat at}}`, `{"at":"1547769600000"}`, "Invalid date", "invalid_date"},
		"bool":               {`{{dateFormat at}}`, `{"at":true}`, "Invalid date", "invalid_date"},
		"list":               {`{{dateFormat at}}`, `{"at":[2019,0,18]}`, "Invalid date", "invalid_date"},
		"object":             {`{{dateFormat at}}`, `{"at":{}}`, "Invalid date", "invalid_date"},
		"zero":               {`{{dateFormat at}}`, `{"at":0}`, "January 1, 1970", ""},
		"fraction":           {`{{dateFormat at format="x"}}`, `{"at":-1.9}`, "-1", ""},
		"exponent":           {`{{dateFormat at format="x"}}`, `{"at":1.5e3}`, "1500", ""},
		"last":               {`{{dateFormat at}}`, `{"at":8640000000000000}`, "September 13, 275760", ""},
		"after the last":     {`{{dateFormat at}}`, `{"at":8640000000000001}`, "Invalid date", "invalid_date"},
		"before the first":   {`{{dateFormat at}}`, `{"at":-8640000000000001}`, "Invalid date", "invalid_date"},
		"huge":               {`{{dateFormat at}}`, `{"at":1e300}`, "Invalid date", "invalid_date"},
		"infinite":           {`{{dateFormat at}}`, `{"at":1e999}`, "Invalid date", "invalid_date"},
		"tiny":               {`{{dateFormat at}}`, `{"at":1e-300}`, "January 1, 1970", ""},
		"int64 overflow":     {`{{dateFormat at}}`, `{"at":9223372036854775808}`, "Invalid date", "invalid_date"},
		"ASP.NET":            {`{{dateFormat at}}`, `{"at":"/Date(1547769600000)/"}`, "January 18, 2019", ""},
		"RFC 2822":           {`{{dateFormat at}}`, `{"at":"Fri, 18 Jan 2019 10:11:12 -0800"}`, "January 18, 2019", ""},
		"long text":          {`{{dateFormat at}}`, `{"at":"` + long + `"}`, "Invalid date", "invalid_date"},
		"digits":             {`{{dateFormat at}}`, `{"at":"` + strings.Repeat("1", 1<<20) + `"}`, "Invalid date", "invalid_date"},
		"empty options":      {`{{dateFormat at format="" locale="" timezone=""}}`, `{"at":0}`, "January 1, 1970", ""},
		"null options":       {`{{dateFormat at format=null locale=x timezone=null}}`, `{"at":0}`, "January 1, 1970", ""},
		"zone by letters":    {`{{dateFormat at timezone="PST"}}`, `{"at":0}`, "January 1, 1970", "unknown_zone"},
		"zone by offset":     {`{{dateFormat at timezone="+05:30" format="LT"}}`, `{"at":0}`, "12:00 AM", "unknown_zone"},
		"zone with path":     {`{{dateFormat at timezone="../../etc/passwd"}}`, `{"at":0}`, "January 1, 1970", "unknown_zone"},
		"zone, any case":     {`{{dateFormat at timezone="america_new_york" format="LT z"}}`, `{"at":0}`, "7:00 PM EST", ""},
		"zone, long":         {`{{dateFormat at timezone=z}}`, `{"at":0,"z":"` + long + `"}`, "January 1, 1970", "unknown_zone"},
		"locale with path":   {`{{dateFormat at locale="../de"}}`, `{"at":0}`, "January 1, 1970", "unknown_locale"},
		"locale, unknown":    {`{{dateFormat at locale="xx-YY"}}`, `{"at":0}`, "January 1, 1970", "unknown_locale"},
		"locale, long":       {`{{dateFormat at locale=l}}`, `{"at":0,"l":"` + long + `"}`, "January 1, 1970", "unknown_locale"},
		"locale prototype":   {`{{dateFormat at locale="constructor"}}`, `{"at":0}`, "January 1, 1970", "unknown_locale"},
		"format prototype":   {`{{dateFormat at format="toString"}}`, `{"at":0}`, "to0tring", ""},
		"format, unclosed":   {`{{dateFormat at format="[YYYY YYYY"}}`, `{"at":0}`, "[1970 1970", ""},
		"format, long":       {`{{dateFormat at format=f}}`, `{"at":0,"f":"` + long + `"}`, "January 1, 1970", "invalid_format"},
		"format, brackets":   {`{{dateFormat at format=f}}`, `{"at":0,"f":"` + strings.Repeat("[", 8192) + `"}`, strings.Repeat("[", 8192), ""},
		"two issues":         {`{{dateFormat at timezone="X" locale="xx"}}`, `{"at":"x"}`, "Invalid date", "unknown_locale unknown_zone invalid_date"},
		"text without zone":  {`{{dateFormat at timezone="Asia/Tokyo" format="LLL Z"}}`, `{"at":"2019-01-18T10:00"}`, "January 18, 2019 10:00 AM +09:00", ""},
		"in a subexpression": {`{{uppercase (dateFormat at format="MMM")}}`, `{"at":0}`, "JAN", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			var issues []handlebars.Issue
			var err error
			d := cputest.Spent(func() {
				got, issues, err = rendering{template: c.template, context: c.context, escape: handlebars.EscapeText}.run(t)
			})
			if err != nil || got != c.want || codes(issues) != c.issues {
				t.Errorf("got %.200q, issues %q, %v, want %.200q, %q", got, codes(issues), err, c.want, c.issues)
			}
			for _, i := range issues {
				if utf8.RuneCountInString(i.Message) > 250 {
					t.Errorf("the message of %s has %d bytes", i.Code, len(i.Message))
				}
			}
			if d > 2*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

// TestDateFormatInvalidUTF8 takes formats from Go strings; JSON would refuse them.
func TestDateFormatInvalidUTF8(t *testing.T) {
	template, err := environment(t).Compile("test", `{{dateFormat at format=f locale=f timezone=f}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"\xff", "[\xff", "\xc3", "YYYY \xf0\x9f", "\\\xff", "\xed\xa0\x80"} {
		x := &handlebars.Exec{Context: handlebars.Object(
			handlebars.Member{Key: "at", Value: handlebars.Int(0)}, handlebars.Member{Key: "f", Value: handlebars.String(f)})}
		out, err := template.Append(t.Context(), nil, x)
		if err != nil || !utf8.Valid(out) {
			t.Errorf("%q: got %q, %v", f, out, err)
		}
	}
}

func TestDateFormatCompileErrors(t *testing.T) {
	for template, want := range map[string]string{
		`{{dateFormat}}`:                    "dateFormat",
		`{{dateFormat a b}}`:                "dateFormat",
		`{{dateFormat a zone="UTC"}}`:       "zone",
		`{{#dateFormat a}}x{{/dateFormat}}`: "dateFormat",
		`{{dateFormat a format="` + strings.Repeat("Y", 9000) + `"}}`: "longer than 8192 bytes",
	} {
		_, err := environment(t).Compile("test", template)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.50s: got %v, want an error with %q", template, err, want)
		}
	}
}

// TestDateFormatConcurrently executes one call with changing data from many goroutines: what it remembers of the last
// execution must never reach another.
func TestDateFormatConcurrently(t *testing.T) {
	template, err := environment(t).Compile("test", `{{dateFormat at format=f locale=l timezone=z}}`)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			locales := []string{"de", "fr", "ar", "en"}
			zones := []string{"Asia/Tokyo", "Europe/Berlin", "Pacific/Apia"}
			for i := range 400 {
				l, z, f := locales[(i+n)%4], zones[(i*n)%3], fmt.Sprintf("LLLL z [%d]", i%700)
				locale, _ := moment.FindLocale(l)
				zone, _ := moment.FindZone(z)
				format, err := locale.Compile(f)
				if err != nil {
					t.Error(err)
					return
				}
				at := int64(i) * 86_400_000
				out, err := template.Append(t.Context(), nil, &handlebars.Exec{Escape: handlebars.EscapeText, Context: handlebars.FromGo(map[string]any{
					"at": at, "f": f, "l": l, "z": z,
				})})
				if want := string(format.Append(nil, at, zone)); err != nil || string(out) != want {
					t.Errorf("got %q, %v, want %q", out, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkDateFormat(b *testing.B) {
	for _, locale := range []string{"en", "de", "ru", "ar"} {
		for _, format := range []string{"LL", "LL z", "LLLL"} {
			b.Run(locale+" "+format, func(b *testing.B) {
				template, err := environment(b).Compile("test", fmt.Sprintf(`{{dateFormat at format=%q}}`, format))
				if err != nil {
					b.Fatal(err)
				}
				x := &handlebars.Exec{
					Context: handlebars.Object(handlebars.Member{Key: "at", Value: handlebars.String("2019-01-18T00:00:00.000Z")}),
					Locale:  locale, Timezone: "America/Los_Angeles",
				}
				var buf []byte
				b.ReportAllocs()
				for b.Loop() {
					if buf, err = template.Append(b.Context(), buf[:0], x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestFormatsFromData gives one call far more formats than are kept.
func TestFormatsFromData(t *testing.T) {
	template, err := environment(t).Compile("test", `{{dateFormat at format=f}}`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		f := fmt.Sprintf("YYYY [%d]", i)
		out, err := template.Append(t.Context(), nil, &handlebars.Exec{Context: handlebars.FromGo(map[string]any{"at": 0, "f": f})})
		if want := fmt.Sprintf("1970 %d", i); err != nil || string(out) != want {
			t.Fatalf("got %q, %v, want %q", out, err, want)
		}
	}
}
