// Package action has the rules of what may be changed in a conversation after a message: the limits, and how a time to
// snooze until is written. Shortcuts in a templates' folder and jobs in the queue follow the same ones. It applies nothing.
package action

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits, of one conversation.
const (
	MaxTags      = 20
	MaxTagLength = 64  // characters of a tag
	MaxUsers     = 10  // whom it is assigned to
	MaxTeams     = 100 // likewise
	MaxSubject   = 998 // characters
	MaxID        = 128 // characters of a user, a team, a queue, a sub-status
	MinPriority  = 1
	MaxPriority  = 5 // the most urgent
	MaxSnooze    = 366 * 24 * time.Hour
)

// Statuses that follow from other changes.
const (
	Snoozed = "snoozed" // it rests for a time
	Done    = "done"
)

// Statuses of a conversation.
var Statuses = []string{"open", Snoozed, Done}

// IsStatus reports whether a conversation may have that status.
func IsStatus(s string) bool { return slices.Contains(Statuses, s) }

// CheckPriority wants 1 to 5, or 0 for no change.
func CheckPriority(p int) error {
	if p != 0 && (p < MinPriority || p > MaxPriority) {
		return fmt.Errorf("priority %d: want %d to %d", p, MinPriority, MaxPriority)
	}
	return nil
}

// CheckSnooze checks a time to snooze until, as SnoozeUntil reads it, beside the status of the same actions. A
// conversation that is open or done does not rest.
func CheckSnooze(until, status string) error {
	if until == "" {
		return nil
	}
	if _, err := SnoozeUntil(until, time.Time{}); err != nil {
		return err
	}
	if IsStatus(status) && status != Snoozed {
		return fmt.Errorf("a conversation whose status becomes %s is not snoozed: leave one of them out", status)
	}
	return nil
}

var (
	spanPattern = regexp.MustCompile(`^(?:(\d{1,3})w)?(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?$`)
	spanUnits   = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute}
)

// SnoozeUntil reads a time to snooze until: an RFC 3339 time, or how long from then on, in weeks, days, hours and
// minutes ("3d", "1w2d", "90m"), up to 366 days. A day has 24 hours. The result is UTC.
func SnoozeUntil(text string, from time.Time) (time.Time, error) {
	if strings.Contains(text, "T") {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return time.Time{}, fmt.Errorf("%.40q is not a time such as 2026-12-01T09:00:00+01:00", text)
		}
		return at.UTC(), nil
	}
	parts := spanPattern.FindStringSubmatch(text)
	var span time.Duration
	for i, unit := range spanUnits {
		if parts == nil || parts[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(parts[i+1])
		if err != nil {
			return time.Time{}, err
		}
		span += time.Duration(n) * unit
	}
	switch {
	case span == 0:
		return time.Time{}, fmt.Errorf("%.40q is neither a time such as 2026-12-01T09:00:00+01:00 nor a span such as 3d, 1w2d or 90m", text)
	case span > MaxSnooze:
		return time.Time{}, fmt.Errorf("%.40q is longer than 366 days", text)
	}
	return from.Add(span).UTC().Truncate(time.Second), nil
}

// Kind is what a custom field holds.
type Kind string

// The kinds.
const (
	Text    Kind = "a text"
	Number  Kind = "a number"
	Boolean Kind = "true or false"
	Date    Kind = "a date such as 2026-12-01 or 2026-12-01T09:00:00Z"
)

// suffixes say of a custom field's name what it holds.
var suffixes = []struct {
	suffix string
	kind   Kind
}{{"Str", Text}, {"Txt", Text}, {"Num", Number}, {"Bool", Boolean}, {"At", Date}}

// CheckField checks a value of a custom field against the suffix of its name, as Kustomer has them. A field with another
// name may hold anything; nil empties any field. A number is any of Go's, or json.Number.
func CheckField(name string, value any) error {
	if value == nil {
		return nil
	}
	for _, s := range suffixes {
		if strings.HasSuffix(name, s.suffix) && len(name) > len(s.suffix) {
			if !s.kind.holds(value) {
				return fmt.Errorf("%.60q ends in %s, so it holds %s", name, s.suffix, s.kind)
			}
			return nil
		}
	}
	return nil
}

func (k Kind) holds(value any) bool {
	switch v := value.(type) {
	case string:
		return k == Text || k == Date && isDate(v)
	case bool:
		return k == Boolean
	}
	return k == Number
}

func isDate(s string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
