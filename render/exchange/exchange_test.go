package exchange

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
)

const hello = `# Kept.
source: en
texts:
  en: |-
    Hello <b>{{customer.firstName}}</b> & "you",
      indented

    end
  de_AT: Servus   # kept too
outdated: [de-at]
`

func desk() fstest.MapFS {
	return rendertest.Folder(
		"snippets/sn.hello.yaml", hello,
		"snippets/sn.bye.yaml", "description: At <the> end & all.\nsource: en\ntexts: {en: Bye, de: Tschüss}\n",
		"snippets/sn.odd.yaml", "source: en\ntexts:\n  en: \"tab\\t, cr\\r, 😀 ]]> \\u00a0 =1+1\"\n  de: \"x\"\n",
		"snippets/sn.french.yaml", "source: fr\ntexts: {fr: Salut}\n",
	)
}

func sheet(t *testing.T, files fs.FS, to string) Sheet {
	t.Helper()
	c, err := catalog.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := NewSheet(c, "en", to, true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forms are the two forms of a sheet.
var forms = map[string]struct {
	write func(*bytes.Buffer, Sheet) error
	read  func([]byte) (Sheet, error)
}{
	"xliff": {func(b *bytes.Buffer, s Sheet) error { return WriteXLIFF(b, s) }, ReadXLIFF},
	"csv":   {func(b *bytes.Buffer, s Sheet) error { return WriteCSV(b, s) }, ReadCSV},
}

func TestSheetSaysWhatIsMissingAndOutdated(t *testing.T) {
	c, err := catalog.Load(desk())
	if err != nil {
		t.Fatal(err)
	}
	s, others, err := NewSheet(c, "EN", "de_at", false)
	if err != nil || others != 1 || s.From != "en" || s.To != "de-at" {
		t.Fatalf("%+v, %d others, %v", s, others, err)
	}
	got := map[string]State{}
	for _, u := range s.Units {
		got[u.Name] = u.State
	}
	if want := map[string]State{"sn.bye": Missing, "sn.hello": Outdated, "sn.odd": Missing}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if s, _, err = NewSheet(c, "en", "de", false); err != nil || len(s.Units) != 1 || s.Units[0].Name != "sn.hello" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range [][2]string{{"en", "en-"}, {"en", "EN"}, {"", "de"}} {
		if _, _, err := NewSheet(c, bad[0], bad[1], true); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// What is written is read as the same sheet, and storing it changes nothing.
func TestRoundTrip(t *testing.T) {
	for name, form := range forms {
		for _, to := range []string{"de", "de-at", "ja"} {
			want := sheet(t, desk(), to)
			var b bytes.Buffer
			if err := form.write(&b, want); err != nil {
				t.Fatal(err)
			}
			got, err := form.read(b.Bytes())
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, b.Bytes())
			}
			bare := want
			bare.Units = slices.Clone(want.Units)
			for i := range bare.Units {
				bare.Units[i].Note = "" // for people alone
				if name == "csv" {
					bare.Units[i].Source = strings.ReplaceAll(bare.Units[i].Source, "\r\n", "\n")
				}
			}
			if !reflect.DeepEqual(got, bare) {
				t.Errorf("%s %s: %+v\nwant %+v", name, to, got, bare)
			}
			p, err := NewPlan(desk(), got)
			if err != nil || len(p.Files)+len(p.Changed)+len(p.Stale)+len(p.Unknown) > 0 || p.Same+p.Missing != 3 {
				t.Errorf("%s %s: %+v, %v", name, to, p, err)
			}
		}
	}
}

func TestPlanStoresTranslations(t *testing.T) {
	files := desk()
	s := sheet(t, files, "de-at")
	for i := range s.Units {
		s.Units[i].Target = "Neu\n\n  {{customer.firstName}} " + s.Units[i].Name
	}
	s.Units[0].Source = "Another source" // sn.bye: its source has changed since
	s.Units = append(s.Units, Unit{Name: "sn.none", Target: "x"}, Unit{Name: "sn.nothing"})
	p, err := NewPlan(files, s)
	if err != nil || !slices.Equal(p.Changed, []string{"sn.bye", "sn.hello", "sn.odd"}) || !slices.Equal(p.Stale, []string{"sn.bye"}) || !slices.Equal(p.Unknown, []string{"sn.none", "sn.nothing"}) {
		t.Fatalf("%+v, %v", p, err)
	}
	for name, data := range p.Files {
		files[name] = &fstest.MapFile{Data: data}
	}
	c, err := catalog.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range s.Units[:3] {
		got, _ := c.Snippet(u.Name)
		if got.Texts["de-at"] != u.Target || slices.Contains(got.Outdated, "de-at") != (u.Name == "sn.bye") {
			t.Errorf("%+v", got)
		}
	}
	text := string(p.Files["snippets/sn.hello.yaml"])
	if !strings.HasPrefix(text, "# Kept.\n") || strings.Contains(text, "outdated") || !strings.Contains(text, "de_AT") {
		t.Errorf("%s", text)
	}
	if before, _ := catalog.Load(desk()); true { // other texts stay, byte by byte
		for s := range before.AllSnippets() {
			now, _ := c.Snippet(s.Name)
			for language, text := range s.Texts {
				if language != "de-at" && now.Texts[language] != text {
					t.Errorf("%s in %s: %q, was %q", s.Name, language, now.Texts[language], text)
				}
			}
		}
	}
}

// A translator who leaves an outdated text but says that it is right lifts the mark.
func TestPlanLiftsTheMark(t *testing.T) {
	s := sheet(t, desk(), "de-at")
	for i := range s.Units {
		if s.Units[i].Name == "sn.hello" {
			s.Units[i].State = Current
		}
	}
	p, err := NewPlan(desk(), s)
	if err != nil || !slices.Equal(p.Changed, []string{"sn.hello"}) || bytes.Contains(p.Files["snippets/sn.hello.yaml"], []byte("outdated")) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestPlanRefusesWhatBreaks(t *testing.T) {
	for _, s := range []Sheet{
		{To: "de", Units: []Unit{{Name: "sn.bye", Target: "{{#if x}}"}}},
		{To: "de", Units: []Unit{{Name: "sn.bye", Target: "[[sn.none]]"}}},
		{To: "de", Units: []Unit{{Name: "sn.bye", Target: "[[sn.bye]]"}}},
		{To: "en", Units: []Unit{{Name: "sn.bye", Target: "x"}}},
		{To: "x", Units: []Unit{{Name: "sn.bye", Target: "x"}}},
	} {
		if p, err := NewPlan(desk(), s); err == nil {
			t.Errorf("%+v: %+v", s, p)
		}
	}
}

func xliff(body string) string {
	return `<xliff xmlns="` + xliffSpace + `" version="2.0" srcLang="en" trgLang="de"><file id="f">` + body + `</file></xliff>`
}

// A translator's tool cuts texts into segments, marks terms, adds what is its own.
func TestReadXLIFFOfTools(t *testing.T) {
	got, err := ReadXLIFF([]byte(xliff(`<notes><note>x</note></notes><group id="g"><unit id="sn.a" xmlns:x="urn:x"><x:own><x:source>no</x:source></x:own>
		<segment state="reviewed"><source>One. </source><target>Eins<cp hex="0009"/>. </target></segment>
		<ignorable><source> </source></ignorable>
		<segment><source>Two &lt;b&gt;<mrk id="m" type="term">term</mrk></source><target><![CDATA[Zwei <b>]]><mrk id="m">Wort</mrk></target></segment>
		</unit></group>`)))
	want := Sheet{From: "en", To: "de", Units: []Unit{{Name: "sn.a", Source: "One.  Two <b>term", Target: "Eins\t. Zwei <b>Wort", State: Current}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadRefuses(t *testing.T) {
	unit := func(target string) string {
		return xliff(`<unit id="sn.a"><segment><source>s</source><target>` + target + `</target></segment></unit>`)
	}
	for name, text := range map[string]string{
		"nothing":              "",
		"JSON":                 "{}",
		"XLIFF 1.2":            `<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"/>`,
		"no language":          `<xliff xmlns="` + xliffSpace + `" version="2.0" srcLang="en"/>`,
		"a document type":      `<!DOCTYPE x [<!ENTITY a "aaaa">]>` + unit("&a;"),
		"a thousand laughs":    `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>` + unit("&b;"),
		"a file from outside":  `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + unit("&a;"),
		"an unknown entity":    unit("&nbsp;"),
		"an inline code":       unit(`<ph id="1"/>`),
		"a unit in a unit":     xliff(`<unit id="a"><unit id="b"></unit></unit>`),
		"twice the same unit":  xliff(`<unit id="a"></unit><unit id="a"></unit>`),
		"a torn file":          strings.TrimSuffix(unit("x"), "</xliff>"),
		"depth":                xliff(strings.Repeat("<g>", 40) + strings.Repeat("</g>", 40)),
		"a long text":          unit(strings.Repeat("x", maxText+1)),
		"a bad character code": unit(`<cp hex="110000"/>`),
		"another charset":      `<?xml version="1.0" encoding="ISO-8859-1"?>` + unit("\xe9"),
		"bad UTF-8":            unit("\xff"),
		"a large file":         unit(strings.Repeat("x", MaxBytes)),
	} {
		if got, err := ReadXLIFF([]byte(text)); err == nil {
			t.Errorf("%s is read as %+v", name, got)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "no target": "name,to\n", "twice": "name,to,target\na,de,x\na,de,y\n", "two languages": "name,to,target\na,de,x\nb,fr,y\n",
		"bad UTF-8": "name,to,target\na,de,\xff\n", "cells": "name,to,target\na,de\n", "a long text": "name,to,target\na,de," + strings.Repeat("x", maxText+1) + "\n",
	} {
		if got, err := ReadCSV([]byte(text)); err == nil {
			t.Errorf("%s is read as %+v", name, got)
		}
	}
	if s, err := ReadCSV([]byte("\ufefftarget,name,mine,to\r\n\"a\"\"b\nc\",sn.a,x,de\r\n")); err != nil || s.Units[0].Target != "a\"b\nc" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestXMLCantHoldEverything(t *testing.T) {
	for _, r := range []rune{1, 0xb, 0x1f, 0xfffe} {
		s := Sheet{From: "en", To: "de", Units: []Unit{{Name: "sn.a", Source: fmt.Sprintf("a%cb", r)}}}
		if err := WriteXLIFF(&bytes.Buffer{}, s); err == nil {
			t.Errorf("%U is written", r)
		}
	}
}

func FuzzReadXLIFF(f *testing.F) {
	f.Add(xliff(`<unit id="sn.a"><segment><source>s</source><target>t</target></segment></unit>`))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ReadXLIFF([]byte(text))
		if err != nil {
			return
		}
		for i := range s.Units { // what was read can be written, and read again
			s.Units[i].State = Missing
			if s.Units[i].Target != "" {
				s.Units[i].State = Current
			}
		}
		var b bytes.Buffer
		if WriteXLIFF(&b, s) != nil || strings.ContainsAny(s.From+s.To, "<>&\"\\\n") || slices.ContainsFunc(s.Units, func(u Unit) bool { return strings.ContainsAny(u.Name, "<>&\"\\\n") }) {
			return
		}
		again, err := ReadXLIFF(b.Bytes())
		if err == nil && len(again.Units) != len(s.Units) {
			t.Errorf("%+v became %+v", s, again)
		}
	})
}
