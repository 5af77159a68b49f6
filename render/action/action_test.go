package action

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSnoozeUntil(t *testing.T) {
	from := time.Date(2026, 12, 1, 8, 0, 0, 500, time.UTC)
	for text, want := range map[string]string{
		"3d":                        "2026-12-04T08:00:00Z",
		"1w2d":                      "2026-12-10T08:00:00Z",
		"90m":                       "2026-12-01T09:30:00Z",
		"1d12h30m":                  "2026-12-02T20:30:00Z",
		"366d":                      "2027-12-02T08:00:00Z",
		"2026-12-24T09:00:00+01:00": "2026-12-24T08:00:00Z",
		"2026-12-24T09:00:00Z":      "2026-12-24T09:00:00Z",
	} {
		got, err := SnoozeUntil(text, from)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "3", "d", "3 d", "3D", "-3d", "0d", "0h0m", "2d1w", "367d", "999w", "99999m999d", "1.5d", "P3D",
		"2026-12-24", "2026-12-24T09:00:00", "2026-02-30T09:00:00Z", "tomorrow", "T", "3d\n", "9999999h"} {
		if got, err := SnoozeUntil(text, from); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

func TestCheckSnooze(t *testing.T) {
	for _, c := range []struct {
		until, status string
		ok            bool
	}{{"", "done", true}, {"3d", "", true}, {"3d", "snoozed", true}, {"3d", "open", false}, {"3d", "done", false}, {"soon", "snoozed", false}} {
		if err := CheckSnooze(c.until, c.status); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestCheckPriority(t *testing.T) {
	for p, ok := range map[int]bool{-1: false, 0: true, 1: true, 5: true, 6: false} {
		if err := CheckPriority(p); (err == nil) != ok {
			t.Errorf("%d: %v", p, err)
		}
	}
}

// A custom field holds what the suffix of its name says; null empties any.
func TestCheckField(t *testing.T) {
	values := map[string]any{"text": "x", "number": 12.5, "integer": 3, "exact": json.Number("9007199254740993"), "boolean": true, "date": "2026-12-01", "time": "2026-12-01T09:00:00+01:00", "null": nil}
	for name, good := range map[string]string{
		"noteStr": "text date time", "noteTxt": "text date time", "totalNum": "number integer exact", "vipBool": "boolean", "dueAt": "date time",
		"Str": "text number integer exact boolean date time", "Num": "text number integer exact boolean date time", "nickname": "text number integer exact boolean date time",
	} {
		for kind, value := range values {
			want := kind == "null" || slices.Contains(strings.Fields(good), kind)
			if err := CheckField(name, value); (err == nil) != want {
				t.Errorf("%s with a %s: %v", name, kind, err)
			}
		}
	}
	for _, bad := range []string{"", "2026-02-30", "2026-12-01 09:00", "yesterday", "1764576000000"} {
		if CheckField("dueAt", bad) == nil {
			t.Errorf("%q is a date", bad)
		}
	}
}
