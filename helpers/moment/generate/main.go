// Command generate writes the data that helpers/moment embeds: locale data of Moment.js, time zones of
// moment-timezone, and the golden list of names that its tests compare with.
//
// It needs Node with the two packages of package.json:
//
//	cd helpers/moment/generate && npm ci && cd - && go run ./helpers/moment/generate
//
// dump.js reads the packages; this program replaces every column of names that the monday package has identically
// by a reference to it, and writes ../data and ../testdata/names.json.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/goodsign/monday"
)

type dump struct {
	Moment, Timezone, Data string
	Locales                []locale
	Zones                  struct {
		Version      string
		Zones, Links []string
	}
}

type locale struct {
	Name          string            `json:"name"`
	Months        column            `json:"months"`
	MonthsShort   column            `json:"monthsShort"`
	Weekdays      column            `json:"weekdays"`
	WeekdaysShort column            `json:"weekdaysShort"`
	WeekdaysMin   column            `json:"weekdaysMin"`
	Formats       map[string]string `json:"formats"`
	Ordinals      json.RawMessage   `json:"ordinals"`
	Meridiem      json.RawMessage   `json:"meridiem"`
	Rewrite       map[string]string `json:"rewrite,omitempty"`
	Dow           int               `json:"dow"`
	Doy           int               `json:"doy"`
	Invalid       string            `json:"invalid"`
	Eras          json.RawMessage   `json:"eras,omitempty"`
}

// column holds the forms of twelve or seven names: lists in the dump, joined by "|" or a reference
// "@monday-locale layout" in the generated file.
type column struct {
	Forms []any    `json:"forms"`
	Rules []string `json:"rules,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run() error {
	dir := filepath.Join("helpers", "moment")
	d, err := readDump(filepath.Join(dir, "generate"))
	if err != nil {
		return err
	}
	golden := map[string]map[string][]string{}
	var lines bytes.Buffer
	total, shared := 0, 0
	for _, l := range d.Locales {
		names := map[string][]string{}
		for field, c := range map[string]*column{
			"months": &l.Months, "monthsShort": &l.MonthsShort,
			"weekdays": &l.Weekdays, "weekdaysShort": &l.WeekdaysShort, "weekdaysMin": &l.WeekdaysMin,
		} {
			for i, form := range c.Forms {
				list := texts(form)
				names[fmt.Sprintf("%s %d", field, i)] = list
				total++
				if ref := fromMonday(l.Name, list); ref != "" {
					c.Forms[i] = ref
					shared++
				} else {
					c.Forms[i] = strings.Join(list, "|")
				}
			}
		}
		golden[l.Name] = names
		line, err := marshal(l)
		if err != nil {
			return err
		}
		lines.Write(line)
	}
	goldenText, err := marshal(golden)
	if err != nil {
		return err
	}
	zones, err := compress(zoneLines(d))
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"data/locales.jsonl":  lines.Bytes(),
		"data/zones.txt.gz":   zones,
		"testdata/names.json": bytes.ReplaceAll(goldenText, []byte(`},`), []byte("},\n")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("moment %s, moment-timezone %s (data %s): %d locales, %d of %d columns from monday, %d zone names\n",
		d.Moment, d.Timezone, d.Data, len(d.Locales), shared, total, len(d.Zones.Zones)+len(d.Zones.Links))
	return nil
}

func readDump(dir string) (*dump, error) {
	cmd := exec.Command("node", "dump.js")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TZ=UTC")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("node dump.js in %s (run npm ci there first): %w", dir, err)
	}
	var d dump
	if err := json.Unmarshal(out, &d); err != nil {
		return nil, err
	}
	return &d, nil
}

func texts(form any) []string {
	var out []string
	for _, v := range form.([]any) {
		out = append(out, v.(string))
	}
	return out
}

// fromMonday finds a column of monday's that is identical to names, in a locale of the same language.
// The own region comes first ("en-gb" prefers en_GB), then monday's order.
func fromMonday(name string, names []string) string {
	language, region, _ := strings.Cut(name, "-")
	var candidates []monday.Locale
	for _, l := range append(monday.ListLocales(), monday.LocaleIdID) {
		code, country, _ := strings.Cut(string(l), "_")
		switch {
		case code != language:
		case strings.EqualFold(country, region):
			candidates = append([]monday.Locale{l}, candidates...)
		default:
			candidates = append(candidates, l)
		}
	}
	layouts := []string{"January", "2 January", "Jan", "2 Jan"}
	if len(names) == 7 {
		layouts = []string{"Monday", "Mon"}
	}
	for _, l := range candidates {
		for _, layout := range layouts {
			if equal(names, mondayNames(l, layout, len(names))) {
				return "@" + string(l) + " " + layout
			}
		}
	}
	return ""
}

func mondayNames(l monday.Locale, layout string, count int) []string {
	out := make([]string, count)
	for i := range out {
		at := time.Date(2001, time.Month(i+1), 2, 0, 0, 0, 0, time.UTC)
		if count == 7 {
			at = time.Date(2001, 1, 7+i, 0, 0, 0, 0, time.UTC)
		}
		out[i] = strings.TrimPrefix(monday.Format(at, layout, l), "2 ")
	}
	return out
}

func equal(a, b []string) bool {
	return strings.Join(a, "|") == strings.Join(b, "|")
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// zoneLines lists the packed zones, then the links as "=zone|other name".
func zoneLines(d *dump) []byte {
	var b bytes.Buffer
	for _, z := range d.Zones.Zones {
		fmt.Fprintln(&b, z)
	}
	for _, l := range d.Zones.Links {
		fmt.Fprintln(&b, "="+l)
	}
	return b.Bytes()
}

func compress(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
