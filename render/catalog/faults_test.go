package catalog

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestFaults(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	wrapped := fmt.Errorf("of one: %w", a)
	for _, one := range []struct {
		err  error
		want []error
	}{
		{a, []error{a}},
		{wrapped, []error{wrapped}},
		{JoinFaults([]error{a, nil, b, a}), []error{a, b}},
		{JoinFaults([]error{a, a}), []error{a}},
		{fmt.Errorf("shortcut: %w", errors.Join(a, fmt.Errorf("email: %w", errors.Join(b, c)))), []error{a, b, c}},
		{errors.Join(wrapped, b), []error{wrapped, b}},
	} {
		if got := Faults(one.err); !slices.Equal(got, one.want) {
			t.Errorf("Faults(%q) = %q, want %q", one.err, got, one.want)
		}
	}
}
