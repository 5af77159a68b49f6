package moment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
)

// TestNames compares every name with Moment's: it guards against a monday that drifts.
func TestNames(t *testing.T) {
	data, err := os.ReadFile("testdata/names.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]map[string][]string
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) != 138 {
		t.Fatalf("%d locales in the golden file", len(golden))
	}
	for name, want := range golden {
		l, ok := FindLocale(name)
		if !ok {
			t.Errorf("no locale %s", name)
			continue
		}
		columns := 0
		for field, set := range map[string]nameSet{
			"months": l.months, "monthsShort": l.monthsShort,
			"weekdays": l.weekdays, "weekdaysShort": l.weekdaysShort, "weekdaysMin": l.weekdaysMin,
		} {
			for i, got := range set.forms {
				key := fmt.Sprintf("%s %d", field, i)
				if !slices.Equal(got, l.rewrite.texts(want[key])) {
					t.Errorf("%s %s: got %q, Moment %q", name, key, got, want[key])
				}
				columns++
			}
		}
		if columns != len(want) {
			t.Errorf("%s: %d columns, Moment %d", name, columns, len(want))
		}
	}
}

// TestMonday holds how much of the names comes from monday, all of English among it.
func TestMonday(t *testing.T) {
	columns := bytes.Count(localeData, []byte(`"@`))
	if columns != 172 {
		t.Errorf("%d columns come from monday; regenerate and say why it changed", columns)
	}
	english := localeIndex()["en"].line
	if got := bytes.Count(english, []byte(`"@en_US `)); got != 4 {
		t.Errorf("%d of English's months and weekdays, long and short, come from monday", got)
	}
}
